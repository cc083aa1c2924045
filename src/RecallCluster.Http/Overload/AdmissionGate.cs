namespace RecallCluster.Http.Overload;

/// <summary>
/// Lets a limited number of requests through at once:
/// <code>
/// request ─► room? ──yes──► work ─► Exit ─► the limit learns from the latency, the next in the queue gets its turn
///              └─no─► short queue, with a deadline ──► turned away when that is full or over
/// </code>
/// Thread-safe; a lock is held for a few instructions.
/// </summary>
internal sealed class AdmissionGate : IDisposable
{
    private readonly OverloadOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Queue<Waiter> _queue = new();
    private readonly AdaptiveLimit _limit;
    private readonly ITimer _sweep;
    private int _inFlight;

    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public AdmissionGate(OverloadOptions options, TimeProvider time)
    {
        options.Check();
        (_options, _time) = (options, time);
        _limit = new AdaptiveLimit(options);
        _sweep = time.CreateTimer(_ => TurnAwayTheLate(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Requests worked on at once, as of now.</summary>
    public int Limit
    {
        get
        {
            lock (_lock)
                return _limit.Value;
        }
    }

    /// <summary>Requests being worked on.</summary>
    public int InFlight
    {
        get
        {
            lock (_lock)
                return _inFlight;
        }
    }

    /// <summary>Waits for a turn.</summary>
    /// <returns>Whether there is one; then <see cref="Exit"/> must follow.</returns>
    public ValueTask<bool> EnterAsync()
    {
        lock (_lock)
        {
            if (_inFlight < _limit.Value)
            {
                _inFlight++;
                return ValueTask.FromResult(true);
            }
            if (_queue.Count >= _options.QueueLength || _options.QueueTime == TimeSpan.Zero)
                return ValueTask.FromResult(false);
            var waiter = new Waiter(_time.GetTimestamp());
            _queue.Enqueue(waiter);
            if (_queue.Count == 1)
                _sweep.Change(_options.QueueTime, Timeout.InfiniteTimeSpan);
            return new ValueTask<bool>(waiter.Task);
        }
    }

    /// <summary>The work is done.</summary>
    /// <param name="latency">What it took.</param>
    public void Exit(TimeSpan latency)
    {
        lock (_lock)
        {
            _limit.Observe(latency, _inFlight >= _limit.Value);
            _inFlight--;
            while (_inFlight < _limit.Value && _queue.TryDequeue(out Waiter? next))
            {
                _inFlight++;
                next.SetResult(true);
            }
        }
    }

    /// <summary>Ends the waiting.</summary>
    public void Dispose() => _sweep.Dispose();

    private void TurnAwayTheLate()
    {
        lock (_lock)
        {
            while (_queue.TryPeek(out Waiter? oldest))
            {
                TimeSpan left = _options.QueueTime - _time.GetElapsedTime(oldest.Since);
                if (left > TimeSpan.Zero)
                {
                    _sweep.Change(left, Timeout.InfiniteTimeSpan);
                    return;
                }
                _queue.Dequeue().SetResult(false);
            }
        }
    }

    private sealed class Waiter(long since) : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Since => since;
    }
}
