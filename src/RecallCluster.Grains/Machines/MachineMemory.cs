using MessagePack;
using RecallCluster.Serving.State;
using RecallCluster.Wire;
using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Machines;

/// <summary>What became of a record.</summary>
/// <param name="Value">The machine's answer.</param>
/// <param name="Told">Completes when the followers that are waited for have confirmed it, or will not be told from here any more.</param>
internal readonly record struct MachineAnswer(object? Value, Task Told);

/// <summary>
/// A machine at one place of its log, with all that its snapshot keeps beside it: what it heard of others, who wrote, what its followers
/// have not confirmed. Used by one thread at a time, as the turns of a grain are.
/// </summary>
/// <typeparam name="TMachine">The machine.</typeparam>
/// <param name="kind">What kind of machine it is.</param>
/// <param name="outbox">Tells its followers; nobody else uses it.</param>
internal sealed class MachineMemory<TMachine>(MachineKind<TMachine> kind, Outbox outbox)
    where TMachine : class, IStateMachine
{
    private readonly Dictionary<string, long> _heard = new(StringComparer.Ordinal);
    private readonly WriterTable _written = new();

    /// <summary>The machine, as of <see cref="Last"/>.</summary>
    public TMachine Machine { get; } = kind.Make();

    /// <summary>The place of the last record applied.</summary>
    public long Last { get; private set; }

    /// <summary>What followers have not confirmed.</summary>
    public Outbox Outbox => outbox;

    /// <summary>The last sequence heard of a machine that is followed; 0 for none.</summary>
    public long HeardOf(string source) => _heard.GetValueOrDefault(source);

    /// <summary>The last number of a writer; 0 for none.</summary>
    public long LastOf(Guid writer) => _written.LastOf(writer);

    /// <summary>Begins with what is stored.</summary>
    /// <param name="stored">It.</param>
    /// <param name="applied">Told of each record after the snapshot.</param>
    /// <exception cref="InvalidDataException">It is damaged or of a later version; the message names the machine.</exception>
    public void Begin(StoredMachine stored, Action<MachineRecord, MachineAnswer> applied)
    {
        Last = stored.SnapshotAt;
        if (!stored.Snapshot.IsEmpty)
            Restore(stored.Snapshot);
        foreach (ReadOnlyMemory<byte> bytes in stored.Tail)
        {
            MachineRecord record = Read<MachineRecord>(bytes, $"record {Last + 1}");
            applied(record, Apply(record));
        }
    }

    /// <summary>Applies a record that is durable.</summary>
    public MachineAnswer Apply(MachineRecord record)
    {
        Last++;
        _written.Wrote(record.Writer, record.Number);
        if (record.Source is { } source)
        {
            Follow(record, source);
            return new MachineAnswer(null, Task.CompletedTask);
        }
        var command = new JournalRecord(Last, kind.Key, [], record.Payload);
        Applied applied;
        try
        {
            applied = Machine.Apply(command);
        }
        // It fails the same way when it is applied again; whoever sent it is told.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            applied = new Applied(e, Applied.Failed);
        }
        Task told = Task.CompletedTask;
        if (applied.Verdict == 0 && kind.FollowersOf is { } followersOf)
        {
            var followed = new FollowedRecord(Last, applied.Verdict, record.Payload);
            var waited = new List<Task>();
            foreach (string follower in followersOf(command))
            {
                Task one = outbox.Put(follower, followed);
                if (kind.WaitsFor?.Invoke(follower) ?? true)
                    waited.Add(one);
            }
            told = Task.WhenAll(waited);
        }
        return new MachineAnswer(applied.Answer, told);
    }

    /// <summary>All of it, for <see cref="Begin"/>.</summary>
    public byte[] Snapshot() => MessagePackSerializer.Serialize(
        new MachineSnapshot
        {
            Format = MachineSnapshot.NewestFormat,
            State = Machine.Snapshot(),
            Heard = new Dictionary<string, long>(_heard),
            Untold = outbox.Untold,
            Written = _written.Last,
        },
        WireFormat.Options);

    private void Follow(MachineRecord record, string source)
    {
        if (record.SourceSequence <= HeardOf(source))
            return;
        Machine.Follow(new JournalRecord(record.SourceSequence, source, [kind.Key], record.Payload), record.Verdict);
        _heard[source] = record.SourceSequence;
    }

    private void Restore(ReadOnlyMemory<byte> bytes)
    {
        MachineSnapshot snapshot = Read<MachineSnapshot>(bytes, "its snapshot");
        if (snapshot.Format > MachineSnapshot.NewestFormat)
        {
            throw new InvalidDataException(
                $"{kind.Key}: its snapshot has format {snapshot.Format}; this program reads up to {MachineSnapshot.NewestFormat}.");
        }
        try
        {
            Machine.Restore(snapshot.State);
        }
        catch (Exception e) when (e is not (InvalidDataException or OutOfMemoryException))
        {
            throw new InvalidDataException($"{kind.Key}: its snapshot contradicts itself: {e.Message}", e);
        }
        foreach ((string source, long sequence) in snapshot.Heard)
            _heard[source] = sequence;
        foreach ((Guid writer, long number) in snapshot.Written)
            _written.Wrote(writer, number);
        foreach ((string follower, FollowedRecord[] records) in snapshot.Untold)
        {
            foreach (FollowedRecord record in records)
                _ = outbox.Put(follower, record);
        }
    }

    private T Read<T>(ReadOnlyMemory<byte> bytes, string what)
    {
        try
        {
            return MessagePackSerializer.Deserialize<T>(bytes, WireFormat.Options);
        }
        catch (MessagePackSerializationException e)
        {
            throw new InvalidDataException($"{kind.Key}: {what} cannot be read: {e.Message}", e);
        }
    }
}
