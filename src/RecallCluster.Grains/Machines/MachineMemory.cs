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
        if (stored.Snapshot.IsEmpty != (stored.SnapshotAt == 0))
        {
            string which = stored.Snapshot.IsEmpty ? "no" : "a";
            throw new InvalidDataException($"{kind.Key}: its log was cut at record {stored.SnapshotAt}, but there is {which} snapshot.");
        }
        Last = stored.SnapshotAt;
        if (!stored.Snapshot.IsEmpty)
            Restore(stored.Snapshot);
        foreach (ReadOnlyMemory<byte> bytes in stored.Tail)
        {
            MachineRecord record = Read<MachineRecord>(bytes, $"record {Last + 1}");
            applied(record, Apply(record, CommandOf(record, Last + 1)));
        }
    }

    /// <summary>The command of a record, read.</summary>
    /// <param name="record">The record.</param>
    /// <param name="place">Its place in the log; 0 for one that is not there yet.</param>
    /// <exception cref="InvalidDataException">
    /// It is damaged or of a later version; the message names the machine and the record.
    /// </exception>
    public JournalRecord CommandOf(MachineRecord record, long place)
    {
        if (record.Format > MachineRecord.NewestFormat)
        {
            throw new InvalidDataException(
                $"{NameOf(record, place)} has format {record.Format}; this program reads up to {MachineRecord.NewestFormat}.");
        }
        JournalRecord command = record.Source is { } source
            ? new JournalRecord(record.SourceSequence, source, [kind.Key], record.Payload)
            : new JournalRecord(place, kind.Key, [], record.Payload);
        try
        {
            KnownCommands.Check(command);
        }
        catch (InvalidDataException e)
        {
            throw Unreadable(record, place, e);
        }
        return command;
    }

    /// <summary>Applies a record that is durable.</summary>
    /// <param name="record">The record.</param>
    /// <param name="command">Its command (<see cref="CommandOf"/>).</param>
    /// <exception cref="InvalidDataException">
    /// The machine cannot read it, which must not be passed over: another version can. It is not in the memory then.
    /// </exception>
    public MachineAnswer Apply(MachineRecord record, JournalRecord command)
    {
        if (record.Source is { } source)
        {
            Follow(record, command, source);
            Took(record);
            return new MachineAnswer(null, Task.CompletedTask);
        }
        command = command.At(Last + 1);
        Applied applied;
        try
        {
            applied = Machine.Apply(command);
        }
        catch (InvalidDataException e)
        {
            throw Unreadable(record, Last + 1, e);
        }
        // It fails the same way when it is applied again; whoever sent it is told.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            applied = new Applied(e, Applied.Failed);
        }
        Took(record);
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

    private void Took(MachineRecord record)
    {
        Last++;
        _written.Wrote(record.Writer, record.Number);
    }

    private void Follow(MachineRecord record, JournalRecord command, string source)
    {
        if (record.SourceSequence <= HeardOf(source))
            return;
        try
        {
            Machine.Follow(command, record.Verdict);
        }
        // What was checked before it was written is followed without trouble; so the record is not what was written.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw Unreadable(record, Last + 1, e);
        }
        _heard[source] = record.SourceSequence;
    }

    private string NameOf(MachineRecord record, long place)
    {
        string which = place == 0 ? "a record" : $"record {place}";
        return record.Source is null ? $"{kind.Key}: {which}" : $"{kind.Key}: {which}, number {record.SourceSequence} of {record.Source},";
    }

    private InvalidDataException Unreadable(MachineRecord record, long place, Exception why) =>
        new($"{NameOf(record, place)} cannot be read: {(why.InnerException ?? why).Message}", why);

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
