using System.Buffers;
using System.Globalization;
using System.Text;
using RecallCluster.Numerics;
using RecallCluster.Serving.State;

namespace RecallCluster.Http.Fuzzing;

/// <summary>
/// The state file itself: half of the inputs are broken as bytes (a page's structure, a row, a checksum), half are whole files, of rows
/// with good checksums, that contradict themselves: snapshots of other times, transactions with gaps, missing verdicts, changed commands.
/// It opens, and then opens again, or not at all.
/// </summary>
internal sealed class StateFileTarget : IFuzzTarget, IDisposable
{
    private const int MostChanges = 8, MostRecords = 6;
    private static readonly string[] Numbers = ["0", "1", "2", "7", "-1", "9223372036854775807", "x", ""];
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-fuzz-");
    private readonly Lazy<byte[]> _seed;
    private readonly SnapshotTarget _snapshots = new();
    private readonly JsonMutator[] _commands =
        [.. MachineSeeds.Records.Select(record => new JsonMutator([Encoding.UTF8.GetString(record.Payload)]))];

    private long _files;

    public StateFileTarget() => _seed = new Lazy<byte[]>(Make);

    public string Name => "stateFile";

    public int Cost => 100;

    public byte[] Next(SeededRandom random)
    {
        if (random.NextInt(2) == 0)
            return Build(random);
        byte[] file = [.. _seed.Value];
        for (int change = random.NextInt(MostChanges); change > 0; change--)
            file[random.NextInt(file.Length)] = (byte)random.NextInt(256);
        return random.NextInt(8) == 0 ? file[..random.NextInt(file.Length)] : file;
    }

    public bool Accepts(byte[] input)
    {
        string path = NextPath();
        File.WriteAllBytes(path, input);
        try
        {
            if (!Opens(path))
                return false;
            return Opens(path) ? true : throw new InvalidOperationException("A file that was opened does not open again.");
        }
        finally
        {
            Delete(path);
        }
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static bool Opens(string path)
    {
        try
        {
            SqliteJournal.Open(path, MachineSeeds.NewMachines()).DisposeAsync().AsTask().GetAwaiter().GetResult();
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return false;
        }
    }

    private static void Delete(string path)
    {
        foreach (string file in (string[])[path, path + "-wal", path + "-journal"])
            File.Delete(file);
    }

    private string NextPath() => Path.Combine(_directory.FullName, $"{_files++}.db");

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

    /// <summary>A file whose rows are whole, each for itself.</summary>
    private byte[] Build(SeededRandom random)
    {
        string path = NextPath();
        using (JournalFile file = JournalFile.Open(path, check: false))
        {
            file.Transact(() =>
            {
                PutMeta(file, random);
                PutSnapshots(file, random);
                InsertBatches(file, random);
            });
        }
        byte[] bytes = File.ReadAllBytes(path);
        Delete(path);
        return bytes;
    }

    private static bool OneIn(int many, SeededRandom random) => random.NextInt(many) == 0;

    private static void PutMeta(JournalFile file, SeededRandom random)
    {
        foreach (string name in (string[])["epoch", "first"])
        {
            if (!OneIn(4, random))
                file.PutMeta(name, OneIn(6, random) ? Numbers[random.NextInt(Numbers.Length)] : "1");
        }
    }

    private void PutSnapshots(JournalFile file, SeededRandom random)
    {
        for (int number = 0; number < _snapshots.Keys.Count; number++)
        {
            if (!OneIn(3, random))
                continue;
            long sequence = OneIn(16, random)
                ? long.Parse(Numbers[random.NextInt(6)], CultureInfo.InvariantCulture) : random.NextInt(MachineSeeds.Records.Count + 2);
            file.PutSnapshot(_snapshots.Keys[number], sequence, _snapshots.Next(number, random)[1..]);
        }
    }

    private void InsertBatches(JournalFile file, SeededRandom random)
    {
        long next = 1;
        for (int done = 0; done < MachineSeeds.Records.Count;)
        {
            int count = Math.Min(random.NextInt(MostRecords) + 1, MachineSeeds.Records.Count - done);
            // A gap, now and then; rows have distinct keys.
            long first = OneIn(40, random) ? next + 1 : next;
            var frames = new ArrayBufferWriter<byte>();
            for (int i = 0; i < count; i++)
            {
                SeedRecord record = MachineSeeds.Records[done + i];
                byte[] payload = OneIn(10, random) ? _commands[done + i].NextOrSameShape(random) : record.Payload;
                RecordFrames.Write(frames, first + i, record.Key, record.Followers, payload);
            }
            file.InsertBatch(first, OneIn(40, random) ? count - 1 : count, frames.WrittenSpan.ToArray());
            if (!OneIn(4, random))
                file.InsertVerdicts(first, VerdictsOf(OneIn(20, random) ? count + 1 : count, random));
            (next, done) = (first + count, done + count);
        }
    }

    private static byte[] VerdictsOf(int count, SeededRandom random)
    {
        var verdicts = new byte[count];
        if (OneIn(8, random))
            verdicts[random.NextInt(count)] = (byte)random.NextInt(256);
        return verdicts;
    }
}
