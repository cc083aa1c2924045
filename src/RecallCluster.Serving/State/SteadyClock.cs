namespace RecallCluster.Serving.State;

/// <summary>
/// A clock that never goes back: when the clock behind it does, it stands still until that has caught up. Books are kept by the latest time
/// they were ever told; what was sold at an earlier time would be outside its lease or too late, and would be given away. Thread-safe.
/// </summary>
public sealed class SteadyClock : TimeProvider
{
    private readonly TimeProvider _clock;
    private long _latest;

    /// <summary>A clock that follows another one.</summary>
    public SteadyClock(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _clock = clock;
    }

    /// <summary>How far the clock behind it has gone back, and so how long this one stands still.</summary>
    public TimeSpan Lag
    {
        get
        {
            TimeSpan ahead = GetUtcNow() - _clock.GetUtcNow();
            return ahead > TimeSpan.Zero ? ahead : TimeSpan.Zero;
        }
    }

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => _clock.LocalTimeZone;

    /// <inheritdoc/>
    public override long TimestampFrequency => _clock.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Reach(_clock.GetUtcNow());

    /// <inheritdoc/>
    public override long GetTimestamp() => _clock.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _clock.CreateTimer(callback, state, dueTime, period);

    /// <summary>The latest of <paramref name="time"/> and all times that were ever reached; from now on no earlier one is told.</summary>
    internal DateTimeOffset Reach(DateTimeOffset time)
    {
        long reached = time.UtcTicks, latest = Volatile.Read(ref _latest);
        while (reached > latest)
        {
            long seen = Interlocked.CompareExchange(ref _latest, reached, latest);
            if (seen == latest)
                return time.ToUniversalTime();
            latest = seen;
        }
        return new DateTimeOffset(latest, TimeSpan.Zero);
    }
}
