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
/// lets only one of them write; the other reads what was written and goes on from there. Used by one thread at a time, as the turns of a
/// grain are; calls may interleave.
/// </summary>
/// <typeparam name="TMachine">The machine.</typeparam>
internal sealed class MachineHost<TMachine>
    where TMachine : class, IStateMachine
{
    private readonly MachineKind<TMachine> _kind;
    private readonly IMachineStore _store;
    private readonly TellFollower _tell;
    private readonly MachineHostOptions _options;
    private readonly TimeProvider _time;
    private readonly Queue<Waiting> _queue = new();
    private readonly Guid _writer = Guid.NewGuid();
    private long _number;
    private Task _writing = Task.CompletedTask;
    private MachineMemory<TMachine> _memory;
    private long _snapshotAt;
    private bool _mustLoad;
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
    /// <exception cref="Exception">The machine refused the command, which then changed nothing.</exception>
    public async Task<object?> TellAsync(byte[] payload)
    {
        var record = new MachineRecord { Writer = _writer, Number = ++_number, Payload = payload };
        MachineAnswer answer = await Enqueue(record, _time.GetTimestamp()).ConfigureAwait(true);
        if (!answer.Told.IsCompleted && _options.FollowersWait > TimeSpan.Zero)
            await Task.WhenAny(answer.Told, Task.Delay(_options.FollowersWait, _time)).ConfigureAwait(true);
        return answer.Value is Exception failure ? throw failure : answer.Value;
    }

    /// <summary>Takes note of what another machine applied; what was heard before is passed over.</summary>
    /// <returns>Completes when all of it is durable here.</returns>
    /// <exception cref="IOException">It could not be made durable; tell it again.</exception>
    public Task FollowAsync(string source, IReadOnlyList<FollowedRecord> records)
    {
        var done = new List<Task>(records.Count);
        long heard = _memory.HeardOf(source);
        // All of one age: were one given up and the next one applied, what was heard would be past the first for good.
        long since = _time.GetTimestamp();
        foreach (FollowedRecord record in records)
        {
            if (record.Sequence <= heard)
                continue;
            var followed = new MachineRecord
            {
                Writer = _writer,
                Number = ++_number,
                Payload = record.Payload,
                Source = source,
                SourceSequence = record.Sequence,
                Verdict = record.Verdict,
            };
            done.Add(Enqueue(followed, since));
        }
        return Task.WhenAll(done);
    }

    /// <summary>Takes a snapshot now, so that what the machine no longer holds is in no snapshot either.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    public async Task SnapshotAsync()
    {
        // Bytes and place belong together: no await in between.
        long at = Last;
        if (at == 0)
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

    private Task<MachineAnswer> Enqueue(MachineRecord record, long since)
    {
        if (_closed)
            throw new IOException($"{_kind.Key} is closing; send it again.");
        if (_queue.Count >= _options.MaxWaiting)
            throw new IOException($"{_kind.Key} has {_queue.Count} commands waiting; send it again later.");
        var waiting = new Waiting(record, MessagePackSerializer.Serialize(record, WireFormat.Options), since);
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
            }
        }
    }

    private async Task LoadAsync(Waiting[] batch)
    {
        StoredMachine stored = await _store.LoadAsync(_kind.Key, CancellationToken.None).ConfigureAwait(true);
        if (stored.Last >= Last)
        {
            Take(stored, batch);
            return;
        }
        // It was emptied while it did not answer: what we hold was durable once and is the best there is.
        _mustLoad = false;
        await SnapshotAsync().ConfigureAwait(true);
    }

    private async Task AppendAsync(Waiting[] batch)
    {
        ReadOnlyMemory<byte>[] records = Array.ConvertAll(batch, waiting => new ReadOnlyMemory<byte>(waiting.Bytes));
        switch (await _store.AppendAsync(_kind.Key, Last, records, CancellationToken.None).ConfigureAwait(true))
        {
            case StoreOutcome.Done:
                foreach (Waiting waiting in batch)
                    waiting.Done.TrySetResult(_memory.Apply(waiting.Record));
                break;
            case StoreOutcome.Conflict:
                _mustLoad = true;
                break;
            default:
                // What we hold was durable once and is the best there is.
                await SnapshotAsync().ConfigureAwait(true);
                break;
        }
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
        catch
        {
            memory.Outbox.Close();
            throw;
        }
        _memory.Outbox.Close();
        (_memory, _snapshotAt, _mustLoad) = (memory, stored.SnapshotAt, false);
        foreach ((Waiting own, MachineAnswer answer) in found)
            own.Done.TrySetResult(answer);
        foreach (Waiting own in mine.Where(w => w.Record.Number <= memory.LastOf(_writer)))
            own.Done.TrySetException(new AnswerLostException($"{_kind.Key}: the command was applied; its answer was lost."));
        _kind.Opened?.Invoke(memory.Machine);
    }

    private sealed record Waiting(MachineRecord Record, byte[] Bytes, long Since)
    {
        public TaskCompletionSource<MachineAnswer> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
