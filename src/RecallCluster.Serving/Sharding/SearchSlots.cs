using System.Collections.Concurrent;

namespace RecallCluster.Serving;

/// <summary>
/// How many searches run at once on threads of the pool (<see cref="Shard.SearchAsync"/>). Whatever else the process does runs there as
/// well, such as the turns of grains and the answers to other silos' probes: were there no bound, it would wait for a whole burst of
/// searches, where now it waits until one ends. Searches beyond the bound wait in order, without a thread, until there is room, their time
/// is over or nobody wants them any more. All shards of a process share one. Thread-safe; searches take no lock.
/// </summary>
public sealed class SearchSlots
{
    private readonly ConcurrentQueue<SearchJob> _line = new();
    private readonly Lock _widening = new();
    private int _most, _free, _waiting;

    /// <summary>So many slots.</summary>
    /// <param name="most">
    /// Searches that run at once; as many as there are processors by default. More only helps searches that wait for something else than a
    /// processor; fewer leave processors to other work.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="most"/> is not positive.</exception>
    public SearchSlots(int? most = null)
    {
        if (most is { } given)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(given, nameof(most));
        _most = _free = most ?? Environment.ProcessorCount;
    }

    /// <summary>Searches that run at once.</summary>
    public int Most => Volatile.Read(ref _most);

    /// <summary>Searches that wait now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Makes it at least so many slots: on a device searches wait for their batch, which is to be full.</summary>
    internal void Widen(int most)
    {
        lock (_widening)
        {
            for (; _most < most; Volatile.Write(ref _most, _most + 1))
                Leave();
        }
    }

    /// <summary>Has a search run as soon as there is a slot; <see cref="Leave"/> must follow when it has ended.</summary>
    /// <param name="job">The search.</param>
    /// <param name="time">The clock of its time.</param>
    /// <param name="left">How long it may wait; null for no limit.</param>
    internal void Enter(SearchJob job, TimeProvider time, TimeSpan? left)
    {
        if (Interlocked.Decrement(ref _free) >= 0)
        {
            // On this processor, as whatever a thread of the pool starts.
            ThreadPool.UnsafeQueueUserWorkItem(job, preferLocal: true);
            return;
        }
        Wait(1);
        job.Wait(time, left);
        _line.Enqueue(job);
    }

    /// <summary>A search has ended: its slot goes to the first that waits.</summary>
    internal void Leave()
    {
        while (Interlocked.Increment(ref _free) <= 0)
        {
            SearchJob? next;
            // Whoever waits says so a moment before it stands in the line.
            for (var spin = new SpinWait(); !_line.TryDequeue(out next);)
                spin.SpinOnce();
            if (next.TryBegin())
            {
                Wait(-1);
                // Behind all that waits for a thread already.
                ThreadPool.UnsafeQueueUserWorkItem(next, preferLocal: false);
                return;
            }
        }
    }

    /// <summary>A search that waited has given up.</summary>
    internal void GiveUp() => Wait(-1);

    private void Wait(int change)
    {
        Interlocked.Add(ref _waiting, change);
        Telemetry.SearchesWait(change);
    }
}

/// <summary>A search on its way to a slot and through it. Its task completes when it has ended, or has given up waiting.</summary>
internal sealed class SearchJob(Shard shard, SearchSlots slots, ShardQuery query, long? deadline, CancellationToken cancellation)
    : TaskCompletionSource<ShardAnswer>, IThreadPoolWorkItem
{
    // What clocks take without overflowing, and longer than anybody waits for an ad.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    // Traces go on with it.
    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private CancellationTokenRegistration _cancelled;
    private ITimer? _timer;
    private int _waitIsOver;

    /// <summary>It stands in the line from now on.</summary>
    public void Wait(TimeProvider time, TimeSpan? left)
    {
        if (left is { } most)
        {
            TimeSpan due = most < TimeSpan.Zero ? TimeSpan.Zero : most < Longest ? most : Longest;
            _timer = time.CreateTimer(static job => ((SearchJob)job!).TimeIsOver(), this, due, Timeout.InfiniteTimeSpan);
        }
        _cancelled = cancellation.UnsafeRegister(static job => ((SearchJob)job!).IsUnwanted(), this);
        // The time may have been over before there was anything to put away.
        if (Volatile.Read(ref _waitIsOver) != 0)
            PutAway();
    }

    /// <summary>Ends the waiting; whether it still waited.</summary>
    public bool TryBegin()
    {
        if (Interlocked.Exchange(ref _waitIsOver, 1) != 0)
            return false;
        PutAway();
        return true;
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (_context is { } context)
            ExecutionContext.Run(context, static job => ((SearchJob)job!).Run(), this);
        else
            Run();
    }

    private void Run()
    {
        ShardAnswer? answer = null;
        Exception? failure = null;
        Telemetry.SearchesRun(1);
        try
        {
            if (!cancellation.IsCancellationRequested)
                answer = shard.Measured(query, deadline);
        }
        catch (Exception e)
        {
            failure = e;
        }
        Telemetry.SearchesRun(-1);
        // Whoever goes on with the answer on this thread does so without the slot.
        slots.Leave();
        if (answer is not null)
            TrySetResult(answer);
        else if (failure is not null)
            TrySetException(failure);
        else
            TrySetCanceled(cancellation);
    }

    private void PutAway()
    {
        _timer?.Dispose();
        _cancelled.Unregister();
    }

    private void TimeIsOver()
    {
        if (!TryBegin())
            return;
        slots.GiveUp();
        TrySetException(new TimeoutException(
            $"The search did not begin within its time: {slots.Most} others ran, {slots.Waiting} more waited."));
    }

    private void IsUnwanted()
    {
        if (!TryBegin())
            return;
        slots.GiveUp();
        TrySetCanceled(cancellation);
    }
}
