using RecallCluster.Numerics;
using RecallCluster.Serving.State;

namespace RecallCluster.Http.Fuzzing;

/// <summary>The state file itself, broken as bytes: a page's structure, a row, a checksum. It opens as it was, or not at all.</summary>
internal sealed class StateFileTarget : IFuzzTarget, IDisposable
{
    private const int MostChanges = 8;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-fuzz-");
    private readonly Lazy<byte[]> _seed;
    private long _files;

    public StateFileTarget() => _seed = new Lazy<byte[]>(Make);

    public string Name => "stateFile";

    public int Cost => 400;

    public byte[] Next(SeededRandom random)
    {
        byte[] file = [.. _seed.Value];
        for (int change = random.NextInt(MostChanges); change > 0; change--)
            file[random.NextInt(file.Length)] = (byte)random.NextInt(256);
        return random.NextInt(8) == 0 ? file[..random.NextInt(file.Length)] : file;
    }

    public bool Accepts(byte[] input)
    {
        string path = Path.Combine(_directory.FullName, $"{_files++}.db");
        File.WriteAllBytes(path, input);
        try
        {
            SqliteJournal.Open(path, MachineSeeds.NewMachines()).DisposeAsync().AsTask().GetAwaiter().GetResult();
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return false;
        }
        finally
        {
            foreach (string file in (string[])[path, path + "-wal", path + "-journal"])
                File.Delete(file);
        }
    }

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>A state file with snapshots, verdicts and a tail.</summary>
    private byte[] Make()
    {
        string path = Path.Combine(_directory.FullName, "seed.db");
        SqliteJournal journal = SqliteJournal.Open(path, MachineSeeds.NewMachines());
        foreach (SeedRecord record in MachineSeeds.Records)
            journal.AppendAsync(record.Key, record.Payload, record.Followers, CancellationToken.None).GetAwaiter().GetResult();
        journal.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return File.ReadAllBytes(path);
    }
}
