using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace RecallCluster.Serving.State;

/// <summary>
/// A journal in one SQLite file, for one process. A thread of its own takes what waits, writes it as one transaction (group commit), then
/// applies it.
/// <code>
///  AppendAsync ──► queue (bounded) ──► writer: [ records + verdicts of the last batch + a few snapshots ] commit ──► apply, answer
///  start: snapshots ──► records after each machine's snapshot
/// </code>
/// A few machines' snapshots go along with each transaction, the one that has waited longest first; what lies before the oldest record that
/// no
/// snapshot has seen is deleted. There is no other checkpoint, hence none that stalls.
/// </summary>
public sealed partial class SqliteJournal : IJournal, IAsyncDisposable
{
    private const string EpochName = "epoch";

    /// <summary>Name of the value that says which record is the first that is kept.</summary>
    internal const string FirstName = "first";

    private readonly JournalFile _file;
    private readonly StateMachines _machines;
    private readonly JournalOptions _options;
    private readonly SnapshotQueue _snapshots;
    private readonly Channel<JournalWork> _queue;
    private readonly Dictionary<string, string> _meta = new(StringComparer.Ordinal);
    private readonly Lock _metaLock = new();
    private readonly Queue<long> _batches = new();
    private readonly ArrayBufferWriter<byte> _records = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile JournalStatus _status = JournalStatus.Working;
    private long _applied;
    private long _verdictsFirst;
    private byte[]? _verdicts;

    private SqliteJournal(JournalFile file, StateMachines machines, JournalOptions options)
    {
        _file = file;
        _machines = machines;
        _options = options;
        _snapshots = new SnapshotQueue(machines, options);
        _queue = Channel.CreateBounded<JournalWork>(new BoundedChannelOptions(options.QueueCapacity) { SingleReader = true });
    }

    /// <inheritdoc/>
    public long Epoch { get; private set; }

    /// <inheritdoc/>
    public JournalStatus Status => _status;

    /// <summary>The last record applied.</summary>
    public long Applied => Volatile.Read(ref _applied);

    /// <summary>Records that the start had to apply again.</summary>
    public long Replayed { get; private set; }

    /// <summary>Transactions that wait for snapshots of the machines that they changed.</summary>
    public int TailTransactions { get; private set; }

    /// <summary>Opens a journal: reads the snapshots, applies the records since, and begins to take commands.</summary>
    /// <param name="path">The file; made when it is not there.</param>
    /// <param name="machines">All machines that the file may name.</param>
    /// <param name="options">Settings.</param>
    /// <exception cref="IOException">The file cannot be opened, or another process is using it.</exception>
    /// <exception cref="InvalidDataException">It is damaged, of a later version, or names a machine that is not registered; the message
    /// says which.</exception>
    public static SqliteJournal Open(string path, StateMachines machines, JournalOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(machines);
        options ??= new JournalOptions();
        options.Check();
        JournalFile file = JournalFile.Open(path, options.CheckAtStart);
        try
        {
            var journal = new SqliteJournal(file, machines, options);
            try
            {
                journal.Recover();
            }
            catch (InvalidDataException e) when (!e.Message.StartsWith(path, StringComparison.Ordinal))
            {
                throw new InvalidDataException($"{path}: {e.Message}", e);
            }
            new Thread(journal.Write) { IsBackground = true, Name = "journal" }.Start();
            return journal;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<object?> AppendAsync(
        string key, ReadOnlyMemory<byte> payload, IReadOnlyList<string> followers, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(followers);
        _machines.Require(key);
        foreach (string follower in followers)
            _machines.Require(follower);
        // What happens by the clock is no request, and would be a trace of its own each time.
        using Activity? activity = Activity.Current is null ? null : Telemetry.Source.StartActivity("journal.append");
        var work = new JournalWork(WorkKind.Append) { Key = key, Payload = payload, Followers = followers };
        await EnqueueAsync(work, cancellation).ConfigureAwait(false);
        return await work.Done.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<T> ReadAsync<T>(Func<T> look, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(look);
        var work = new JournalWork(WorkKind.Read) { Function = () => look() };
        await EnqueueAsync(work, cancellation).ConfigureAwait(false);
        return (T)(await work.Done.Task.ConfigureAwait(false))!;
    }

    /// <inheritdoc/>
    public async Task SnapshotAsync(string key, CancellationToken cancellation)
    {
        _machines.Require(key);
        var work = new JournalWork(WorkKind.Snapshot) { Key = key };
        await EnqueueAsync(work, cancellation).ConfigureAwait(false);
        await work.Done.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public string? Meta(string name)
    {
        lock (_metaLock)
        {
            return _meta.GetValueOrDefault(name);
        }
    }

    /// <inheritdoc/>
    public async Task SetMetaAsync(string name, string value, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);
        if (name is EpochName or FirstName)
            throw new ArgumentException($"The name '{name}' is the journal's own.", nameof(name));
        var work = new JournalWork(WorkKind.Meta) { Key = name, Value = value };
        await EnqueueAsync(work, cancellation).ConfigureAwait(false);
        await work.Done.Task.ConfigureAwait(false);
    }

    /// <summary>Takes no more commands, carries out those that wait, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _stopped.Task.ConfigureAwait(false);
    }

    /// <summary>Bounds the file's size, to try out a full disk.</summary>
    internal Task LimitPagesAsync(long pages) => ReadAsync(
        () =>
        {
            _file.LimitPages(pages);
            return true;
        },
        CancellationToken.None);

    private async ValueTask EnqueueAsync(JournalWork work, CancellationToken cancellation)
    {
        try
        {
            await _queue.Writer.WriteAsync(work, cancellation).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            if (e.InnerException is { } fault)
                throw new IOException($"The journal has stopped: {fault.Message}", fault);
            throw new ObjectDisposedException(nameof(SqliteJournal));
        }
    }

    private void Write()
    {
        var batch = new List<JournalWork>();
        try
        {
            while (Take(batch))
                CarryOut(batch);
        }
        catch (Exception e)
        {
            // A machine that cannot be written or a file that cannot be rolled back: going on would put memory and disk at odds.
            _status = new JournalStatus(JournalCondition.Stopped, e);
            _queue.Writer.TryComplete(e);
            var fault = new IOException($"The journal has stopped: {e.Message}", e);
            while (_queue.Reader.TryRead(out JournalWork? waiting))
                batch.Add(waiting);
            foreach (JournalWork work in batch)
                work.Done.TrySetException(fault);
        }
        finally
        {
            if (_status.Condition != JournalCondition.Stopped)
                _status = new JournalStatus(JournalCondition.Closed, null);
            _file.Dispose();
            _stopped.SetResult();
        }
    }

    private bool Take(List<JournalWork> batch)
    {
        batch.Clear();
        if (!_queue.Reader.TryPeek(out _) && !_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            return false;
        while (batch.Count < _options.MaxBatch && _queue.Reader.TryRead(out JournalWork? work))
            batch.Add(work);
        return true;
    }

    private void CarryOut(List<JournalWork> batch)
    {
        if (batch.Exists(work => work.Kind != WorkKind.Read) && !TryCommit(batch))
            return;
        byte[]? verdicts = null;
        int appended = 0, total = batch.Count(work => work.Kind == WorkKind.Append);
        long first = _applied + 1;
        foreach (JournalWork work in batch)
        {
            switch (work.Kind)
            {
                case WorkKind.Append:
                    Applied result = ApplyAll(new JournalRecord(first + appended, work.Key, work.Followers, work.Payload));
                    if (work.Followers.Count > 0)
                        (verdicts ??= new byte[total])[appended] = result.Verdict;
                    appended++;
                    work.Finish(result.Answer);
                    break;
                case WorkKind.Read:
                    work.Finish(Evaluate(work.Function));
                    break;
                case WorkKind.Meta:
                    Remember(work.Key, work.Value);
                    work.Finish(null);
                    break;
                default:
                    work.Finish(null);
                    break;
            }
        }
        if (verdicts is not null)
            (_verdictsFirst, _verdicts) = (first, verdicts);
    }

    /// <summary>Makes a batch durable; on failure everybody is told, reads are carried out, and nothing has changed.</summary>
    private bool TryCommit(List<JournalWork> batch)
    {
        long first = _applied + 1;
        int count = 0;
        _records.ResetWrittenCount();
        foreach (JournalWork work in batch)
        {
            if (work.Kind == WorkKind.Append)
                RecordFrames.Write(_records, first + count++, work.Key, work.Followers, work.Payload.Span);
        }
        List<string> wanted = [.. batch.Where(work => work.Kind == WorkKind.Snapshot).Select(work => work.Key)];
        List<(string Key, byte[] State)> snapshots = _snapshots.Take(wanted, _records.WrittenCount);
        long keepFrom = _snapshots.FirstUnseen(_applied + 1);
        int dropped = 0;
        long kept = KeptFrom(keepFrom, ref dropped);
        try
        {
            _file.Transact(() => WriteAll(batch, first, count, snapshots, dropped > 0 ? kept : null));
        }
        catch (IOException e)
        {
            _status = new JournalStatus(JournalCondition.Failing, e);
            _snapshots.PutBack();
            foreach (JournalWork work in batch)
                work.Finish(work.Kind == WorkKind.Read ? Evaluate(work.Function) : new IOException(e.Message, e));
            return false;
        }
        _status = JournalStatus.Working;
        _snapshots.Written();
        _verdicts = null;
        for (int i = 0; i < dropped; i++)
            _batches.Dequeue();
        if (count > 0)
            _batches.Enqueue(first);
        TailTransactions = _batches.Count;
        return true;
    }

    private void WriteAll(List<JournalWork> batch, long first, int count, List<(string Key, byte[] State)> snapshots, long? keepFrom)
    {
        if (_verdicts is not null)
            _file.InsertVerdicts(_verdictsFirst, _verdicts);
        foreach ((string key, byte[] state) in snapshots)
            _file.PutSnapshot(key, _applied, state);
        foreach (JournalWork work in batch)
        {
            if (work.Kind == WorkKind.Meta)
                _file.PutMeta(work.Key, work.Value);
        }
        if (keepFrom is { } from)
        {
            _file.DeleteBelow(from);
            _file.PutMeta(FirstName, from.ToString(CultureInfo.InvariantCulture));
        }
        if (count > 0)
            _file.InsertBatch(first, count, _records.WrittenSpan.ToArray());
    }

    /// <summary>The start of the transaction that holds the first record to keep, and how many before it go.</summary>
    private long KeptFrom(long firstUnseen, ref int dropped)
    {
        long[] starts = [.. _batches];
        while (dropped < starts.Length && (dropped + 1 < starts.Length ? starts[dropped + 1] : _applied + 1) <= firstUnseen)
            dropped++;
        return dropped < starts.Length ? starts[dropped] : _applied + 1;
    }

    private void Remember(string name, string value)
    {
        lock (_metaLock)
        {
            _meta[name] = value;
        }
    }

    private Applied ApplyAll(JournalRecord record)
    {
        Applied result = Apply(record);
        foreach (string follower in record.Followers)
            Follow(record, follower, result.Verdict);
        Volatile.Write(ref _applied, record.Sequence);
        return result;
    }

    private void Follow(JournalRecord record, string follower, byte verdict)
    {
        _machines.Follow(follower, record, verdict);
        _snapshots.Changed(follower, record.Sequence);
    }

    private Applied Apply(JournalRecord record)
    {
        Applied result = _machines.Apply(record);
        _snapshots.Changed(record.Key, record.Sequence);
        return result;
    }

    private static object? Evaluate(Func<object?> function)
    {
        try
        {
            return function();
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
