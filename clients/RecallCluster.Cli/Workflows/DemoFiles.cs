namespace RecallCluster.Cli.Workflows;

/// <summary>Where a demonstration's files are.</summary>
internal sealed record DemoFiles(string Directory)
{
    public string Data => Path.Combine(Directory, "data");

    public string Models => Path.Combine(Directory, "models");

    public string Index => Path.Combine(Directory, "index");

    public string Traffic => Path.Combine(Data, AdServer.TrafficFile.Name);

    /// <summary>State after the history, which every day begins with.</summary>
    public string HistoryState => Path.Combine(Directory, "history.db");

    public string HistoryTrace => Path.Combine(Directory, "history.trace");

    /// <summary>State of the day that is served.</summary>
    public string State => Path.Combine(Directory, "state.db");

    /// <summary>Data of the cluster's Redis.</summary>
    public string Redis => Path.Combine(Directory, "redis");

    public string AblationState => Path.Combine(Directory, "ablation.db");

    /// <summary>Removes a state with what SQLite keeps beside it.</summary>
    public static void RemoveState(string path)
    {
        foreach (string suffix in new[] { "", "-wal", "-shm", ".keys" })
            File.Delete(path + suffix);
    }

    /// <summary>Begins a state where another one that is closed has ended.</summary>
    public static void CopyState(string from, string to)
    {
        RemoveState(to);
        foreach (string suffix in new[] { "", "-wal" })
        {
            if (File.Exists(from + suffix))
                File.Copy(from + suffix, to + suffix);
        }
    }
}
