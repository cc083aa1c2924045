namespace RecallCluster.Cli.Infrastructure;

/// <summary>The last lines that a process said, for the message when it fails. Thread-safe.</summary>
internal sealed class LastLines
{
    private const int Most = 40;
    private readonly Queue<string> _lines = new();

    /// <summary>Takes a line; null, at the end of the stream, is none.</summary>
    public void Keep(string? line)
    {
        if (line is null)
            return;
        lock (_lines)
        {
            _lines.Enqueue(line);
            while (_lines.Count > Most)
                _lines.Dequeue();
        }
    }

    /// <summary>The lines.</summary>
    public override string ToString()
    {
        lock (_lines)
            return string.Join('\n', _lines);
    }
}
