namespace RecallCluster.Http.Overload;

/// <summary>
/// Lets a limited number of requests through at once:
/// <code>
/// request ─► room? ──yes──► work ─► Exit ─► the limit learns from the latency, the next in the queue gets its turn
///              └─no─► short queue ──► turned away at once when that is full or so long that the wait would be too
/// </code>
/// First come, first served: nobody who waits is overtaken, so that the wait is the same for all. Thread-safe; a lock is held for a few
/// instructions.
/// </summary>
internal sealed class AdmissionGate : IDisposable
{
    // Follows a change of what requests take within some ten of them, and of how many are turned away within some hundred.
    private const double Smoothing = 1.0 / 16, ShareSmoothing = 1.0 / 128;

    private readonly OverloadOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Queue<Waiter> _queue = new();
    private readonly AdaptiveLimit _limit;
    private readonly ITimer _sweep;
    private int _inFlight;
    private double _meanWorkSeconds, _turnedAwayShare;

    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public AdmissionGate(OverloadOptions options, TimeProvider time)
    {
        options.Check();
        (_options, _time) = (options, time);
        _limit = new AdaptiveLimit(options);
        _sweep = time.CreateTimer(_ => TurnAwayTheLate(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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
                Note(isTurnedAway: false);
                return ValueTask.FromResult(true);
            }
            bool isTurnedAway = _queue.Count >= _options.QueueLength || _options.QueueTime == TimeSpan.Zero || Wait > Patience;
            Note(isTurnedAway);
            if (isTurnedAway)
                return ValueTask.FromResult(false);
            var waiter = new Waiter(_time.GetTimestamp());
            _queue.Enqueue(waiter);
            if (_queue.Count == 1)
                _sweep.Change(Patience, Timeout.InfiniteTimeSpan);
            return new ValueTask<bool>(waiter.Task);
        }
    }

    /// <summary>The work is done.</summary>
    /// <param name="latency">What it took.</param>
    /// <returns>How many may be worked on at once from now on.</returns>
    public int Exit(TimeSpan latency)
    {
        lock (_lock)
        {
            _limit.Observe(latency, _inFlight >= _limit.Value);
            _inFlight--;
            _meanWorkSeconds += (latency.TotalSeconds - _meanWorkSeconds) * Smoothing;
            while (_inFlight < _limit.Value && _queue.TryDequeue(out Waiter? next))
            {
                _inFlight++;
                next.SetResult(true);
            }
            return _limit.Value;
        }
    }

    /// <summary>Ends the waiting.</summary>
    public void Dispose() => _sweep.Dispose();

    // Who comes now waits until as many have left as wait already, and one more; so many at once leave in the time of one request.
    private TimeSpan Wait => TimeSpan.FromSeconds((_queue.Count + 1) * _meanWorkSeconds / _limit.Value);

    // Waiting as long as the work itself takes is no collapse, however slow that is. A queue is there for bursts: the more are turned away,
    // the less of them a longer one would save, and the more it only makes everybody wait.
    private TimeSpan Patience =>
        TimeSpan.FromSeconds(Math.Max(_options.QueueTime.TotalSeconds, _meanWorkSeconds) * (1 - _turnedAwayShare));

    private void Note(bool isTurnedAway) => _turnedAwayShare += ((isTurnedAway ? 1 : 0) - _turnedAwayShare) * ShareSmoothing;

    private void TurnAwayTheLate()
    {
        lock (_lock)
        {
            while (_queue.TryPeek(out Waiter? oldest))
            {
                TimeSpan left = Patience - _time.GetElapsedTime(oldest.Since);
                if (left > TimeSpan.Zero)
                {
                    _sweep.Change(left, Timeout.InfiniteTimeSpan);
                    return;
                }
                Note(isTurnedAway: true);
                _queue.Dequeue().SetResult(false);
            }
        }
    }

    private sealed class Waiter(long since) : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Since => since;
    }
}
