using MessagePack;
using RecallCluster.Serving.State;
using RecallCluster.Wire;
using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Machines;

/// <summary>
/// Keeps one machine: commands are written to the store, many at once, and applied once they are durable; what others follow is told them.
/// <code>
///  TellAsync, FollowAsync ──► queue ──► append (if the log ends where we think) ──► apply, answer ──► outbox ──► followers
///                                          └─ somebody else wrote, or no answer ──► load again; what is found there was written
/// </code>
/// Memory is never ahead of the store. Should two keep the same machine for a while, as after a cut-off silo was declared dead, the store
/// lets only one of them write; the other reads what was written and goes on from there. What cannot be read is refused and stays in the
/// store as it is. Used by one thread at a time, as the turns of a grain are; calls may interleave.
/// </summary>
/// <typeparam name="TMachine">The machine.</typeparam>
internal sealed class MachineHost<TMachine>
    where TMachine : class, IStateMachine
{
    /// <summary>Attempts to write that may come to nothing without the log having grown meanwhile, before there are pauses.</summary>
    private const int MostFruitless = 8;

    private readonly MachineKind<TMachine> _kind;
    private readonly IMachineStore _store;
    private readonly TellFollower _tell;
    private readonly MachineHostOptions _options;
    private readonly TimeProvider _time;
    private readonly Queue<Waiting> _queue = new();
    private readonly Guid _writer = Guid.NewGuid();
    private int _fruitless;
    private long _number;
    private Task _writing = Task.CompletedTask;
    private MachineMemory<TMachine> _memory;
    private long _snapshotAt;
    private bool _mustLoad;
    private bool _isRefused, _isUnsound;
    private bool _closed;

    /// <param name="kind">What kind of machine it is.</param>
    /// <param name="store">Where it is kept.</param>
    /// <param name="tell">How followers are told.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">The clock of pauses.</param>
    public MachineHost(MachineKind<TMachine> kind, IMachineStore store, TellFollower tell, MachineHostOptions options, TimeProvider time)
    {
        (_kind, _store, _tell, _options, _time) = (kind, store, tell, options, time);
        _memory = Blank();
    }

    /// <summary>The machine, as of all that is durable.</summary>
    public TMachine Machine => _memory.Machine;

    /// <summary>The place of the last record applied.</summary>
    public long Last => _memory.Last;

    /// <summary>Records that followers have not confirmed.</summary>
    public int Untold => _memory.Outbox.Count;

    /// <summary>Brings the machine back as it was.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    /// <exception cref="InvalidDataException">What is stored is damaged or of a later version; the message names the machine.</exception>
    public async Task OpenAsync(CancellationToken cancellation) =>
        Take(await _store.LoadAsync(_kind.Key, cancellation).ConfigureAwait(true), []);

    /// <summary>Writes a command down and applies it.</summary>
    /// <returns>The machine's answer, once the command is durable and applied.</returns>
    /// <exception cref="AnswerLostException">It was applied; what the machine answered is not known.</exception>
    /// <exception cref="IOException">It could not be made durable, or whether it is is not known.</exception>
    /// <exception cref="InvalidDataException">
    /// The command cannot be read, and is not written; or what is stored cannot be read; the message names the machine.
    /// </exception>
    /// <exception cref="Exception">The machine refused the command, which then changed nothing.</exception>
    public async Task<object?> TellAsync(byte[] payload)
    {
        var record = new MachineRecord
        {
            Format = MachineRecord.NewestFormat, Writer = _writer, Number = ++_number, Payload = payload,
        };
        MachineAnswer answer = await Enqueue(record, _memory.CommandOf(record, place: 0), _time.GetTimestamp()).ConfigureAwait(true);
        if (!answer.Told.IsCompleted && _options.FollowersWait > TimeSpan.Zero)
            await Task.WhenAny(answer.Told, Task.Delay(_options.FollowersWait, _time)).ConfigureAwait(true);
        return answer.Value is Exception failure ? throw failure : answer.Value;
    }

    /// <summary>Takes note of what another machine applied; what was heard before is passed over.</summary>
    /// <returns>Completes when all of it is durable here.</returns>
    /// <exception cref="IOException">It could not be made durable; tell it again.</exception>
    /// <exception cref="InvalidDataException">
    /// One cannot be read: its machine is of a later version than this program. It is not written; those before it are.
    /// </exception>
    public async Task FollowAsync(string source, IReadOnlyList<FollowedRecord> records)
    {
        var done = new List<Task>(records.Count);
        long heard = _memory.HeardOf(source);
        // All of one age: were one given up and the next one applied, what was heard would be past the first for good.
        long since = _time.GetTimestamp();
        InvalidDataException? unreadable = null;
        foreach (FollowedRecord record in records)
        {
            if (record.Sequence <= heard)
                continue;
            var followed = new MachineRecord
            {
                Format = MachineRecord.NewestFormat,
                Writer = _writer,
                Number = ++_number,
                Payload = record.Payload,
                Source = source,
                SourceSequence = record.Sequence,
                Verdict = record.Verdict,
            };
            JournalRecord command;
            try
            {
                command = _memory.CommandOf(followed, place: 0);
            }
            catch (InvalidDataException e)
            {
                unreadable = e;
                break;
            }
            done.Add(Enqueue(followed, command, since));
        }
        await Task.WhenAll(done).ConfigureAwait(true);
        if (unreadable is not null)
            throw unreadable;
    }

    /// <summary>Takes a snapshot now, so that what the machine no longer holds is in no snapshot either.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    public async Task SnapshotAsync()
    {
        // Bytes and place belong together: no await in between.
        long at = Last;
        // Where a record could not be read others may know more than is held here.
        if (at == 0 || _isRefused || _isUnsound)
            return;
        byte[] bytes = _memory.Snapshot();
        StoreOutcome outcome = await _store.SnapshotAsync(_kind.Key, at, bytes, CancellationToken.None).ConfigureAwait(true);
        if (outcome == StoreOutcome.Conflict && Last == at)
            _mustLoad = true;
        _snapshotAt = Math.Max(_snapshotAt, at);
    }

    /// <summary>Carries out what waits, takes a snapshot, tells followers no more.</summary>
    public async Task CloseAsync()
    {
        _closed = true;
        await _writing.ConfigureAwait(true);
        _memory.Outbox.Close();
        if (Last > _snapshotAt)
            await SnapshotAsync().ConfigureAwait(true);
    }

    private MachineMemory<TMachine> Blank() => new(_kind, new Outbox(_kind.Key, _tell, _options, _time));

    private Task<MachineAnswer> Enqueue(MachineRecord record, JournalRecord command, long since)
    {
        if (_closed)
            throw new IOException($"{_kind.Key} is closing; send it again.");
        if (_queue.Count >= _options.MaxWaiting)
            throw new IOException($"{_kind.Key} has {_queue.Count} commands waiting; send it again later.");
        var waiting = new Waiting(record, command, MessagePackSerializer.Serialize(record, WireFormat.Options), since);
        _queue.Enqueue(waiting);
        if (_writing.IsCompleted)
            _writing = WriteAsync();
        return waiting.Done.Task;
    }

    private async Task WriteAsync()
    {
        // Let those who come in the same moment come along.
        await Task.Yield();
        while (_queue.Count > 0)
        {
            Waiting[] batch = [.. _queue.Take(_options.MaxBatch)];
            try
            {
                if (_mustLoad)
                {
                    await LoadAsync(batch).ConfigureAwait(true);
                    Drop(batch);
                    continue;
                }
                await AppendAsync(batch).ConfigureAwait(true);
                Drop(batch);
                if (Last - _snapshotAt >= _options.SnapshotEvery)
                    await SnapshotAsync().ConfigureAwait(true);
            }
            catch (IOException e)
            {
                // The store may have written it all the same: only reading it again tells.
                _mustLoad = true;
                GiveUp(e);
                await Task.Delay(_options.Pause, _time).ConfigureAwait(true);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Damaged or from the future: nothing that waits can be carried out here.
                while (_queue.TryDequeue(out Waiting? waiting))
                    waiting.Done.TrySetException(e);
                _mustLoad = true;
                if (e is InvalidDataException unreadable)
                    _kind.Refused?.Invoke(unreadable);
            }
        }
    }

    private async Task LoadAsync(Waiting[] batch)
    {
        long before = Last;
        StoredMachine stored;
        try
        {
            stored = await _store.LoadAsync(_kind.Key, CancellationToken.None).ConfigureAwait(true);
        }
        // It is torn. What we hold mends it, unless more was written since.
        catch (InvalidDataException) when (before > 0 && !_isRefused && !_isUnsound)
        {
            if (await _store.SnapshotAsync(_kind.Key, before, _memory.Snapshot(), CancellationToken.None).ConfigureAwait(true)
                == StoreOutcome.Conflict)
                throw;
            _mustLoad = false;
            return;
        }
        if (stored.Last >= Last)
        {
            Take(stored, batch);
            if (Last > before)
                _fruitless = 0;
            return;
        }
        // It was emptied while it did not answer: what we hold was durable once and is the best there is.
        (_mustLoad, _isRefused) = (false, false);
        await SnapshotAsync().ConfigureAwait(true);
    }

    private async Task AppendAsync(Waiting[] batch)
    {
        ReadOnlyMemory<byte>[] records = Array.ConvertAll(batch, waiting => new ReadOnlyMemory<byte>(waiting.Bytes));
        switch (await _store.AppendAsync(_kind.Key, Last, records, CancellationToken.None).ConfigureAwait(true))
        {
            case StoreOutcome.Done:
                _fruitless = 0;
                Apply(batch);
                break;
            case StoreOutcome.Conflict:
                _mustLoad = true;
                CountFruitless("has a longer log than it gives");
                break;
            default:
                CountFruitless("loses what it is given");
                // What we hold was durable once and is the best there is.
                await SnapshotAsync().ConfigureAwait(true);
                break;
        }
    }

    private void Apply(Waiting[] batch)
    {
        try
        {
            foreach (Waiting waiting in batch)
                waiting.Done.TrySetResult(_memory.Apply(waiting.Record, waiting.Command));
        }
        // It was checked before it was written: this should not happen, and the record must not be passed over by a snapshot.
        catch (InvalidDataException)
        {
            _isUnsound = true;
            throw;
        }
    }

    /// <summary>Where reading or filling the store again leads nowhere, more of the same would be a loop without a pause.</summary>
    private void CountFruitless(string what)
    {
        if (++_fruitless > MostFruitless)
            throw new IOException($"{_kind.Key}: the store {what}: {_fruitless} attempts to write to it came to nothing.");
    }

    private void Drop(Waiting[] batch)
    {
        for (int i = 0; i < batch.Length && _queue.Peek().Done.Task.IsCompleted; i++)
            _queue.Dequeue();
    }

    private void GiveUp(IOException failure)
    {
        long now = _time.GetTimestamp();
        while (_queue.TryPeek(out Waiting? oldest) && _time.GetElapsedTime(oldest.Since, now) > _options.GiveUpAfter)
        {
            _queue.Dequeue();
            oldest.Done.TrySetException(failure);
        }
    }

    /// <summary>
    /// Starts again from what is stored; those of <paramref name="mine"/> that are there are answered. Where it cannot be read, what was
    /// held before is held on.
    /// </summary>
    private void Take(StoredMachine stored, Waiting[] mine)
    {
        Dictionary<long, Waiting> waiting = mine.ToDictionary(w => w.Record.Number);
        var found = new List<(Waiting Own, MachineAnswer Answer)>();
        MachineMemory<TMachine> memory = Blank();
        try
        {
            memory.Begin(stored, (record, answer) =>
            {
                if (record.Writer == _writer && waiting.TryGetValue(record.Number, out Waiting? own))
                    found.Add((own, answer));
            });
        }
        catch (Exception e)
        {
            _isRefused |= e is InvalidDataException;
            memory.Outbox.Close();
            throw;
        }
        _memory.Outbox.Close();
        (_memory, _snapshotAt, _mustLoad, _isRefused, _isUnsound) = (memory, stored.SnapshotAt, false, false, false);
        foreach ((Waiting own, MachineAnswer answer) in found)
            own.Done.TrySetResult(answer);
        foreach (Waiting own in mine.Where(w => w.Record.Number <= memory.LastOf(_writer)))
            own.Done.TrySetException(new AnswerLostException($"{_kind.Key}: the command was applied; its answer was lost."));
        _kind.Opened?.Invoke(memory.Machine);
    }

    private sealed record Waiting(MachineRecord Record, JournalRecord Command, byte[] Bytes, long Since)
    {
        public TaskCompletionSource<MachineAnswer> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
