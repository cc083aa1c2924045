namespace RecallCluster.Serving.State;

/// <summary>
/// The business clock: time that runs faster (or slower) than real time, as a function of real time alone, so that a process that starts
/// again
/// with the same origins goes on with the same time. Timers run on it too: a timer of a business hour at speed 60 comes after a real
/// minute.
/// </summary>
public sealed class ScaledClock : TimeProvider
{
    private readonly TimeProvider _real;
    private readonly DateTimeOffset _realOrigin, _businessOrigin;
    private readonly long _timestampOrigin;

    /// <summary>A clock that stood at <paramref name="businessOrigin"/> when real time was <paramref name="realOrigin"/>.</summary>
    /// <param name="real">Real time.</param>
    /// <param name="realOrigin">A moment of real time.</param>
    /// <param name="businessOrigin">The business time of that moment.</param>
    /// <param name="speed">Business seconds a real second, above 0 and at most a million.</param>
    /// <exception cref="ArgumentOutOfRangeException">The speed is not as described.</exception>
    public ScaledClock(TimeProvider real, DateTimeOffset realOrigin, DateTimeOffset businessOrigin, double speed)
    {
        ArgumentNullException.ThrowIfNull(real);
        if (!(speed > 0 && speed <= 1e6))
            throw new ArgumentOutOfRangeException(nameof(speed), speed, "A clock's speed is above 0 and at most a million.");
        _real = real;
        _realOrigin = realOrigin;
        _businessOrigin = businessOrigin;
        _timestampOrigin = real.GetTimestamp();
        Speed = speed;
    }

    /// <summary>Business seconds a real second.</summary>
    public double Speed { get; }

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long TimestampFrequency => _real.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => (_businessOrigin + ((_real.GetUtcNow() - _realOrigin) * Speed)).ToUniversalTime();

    /// <inheritdoc/>
    public override long GetTimestamp() => (long)((_real.GetTimestamp() - _timestampOrigin) * Speed);

    /// <summary>How long a span of business time takes in real time; at least a millisecond, unless it is nothing.</summary>
    public TimeSpan ToReal(TimeSpan business) =>
        business == Timeout.InfiniteTimeSpan || business == TimeSpan.Zero ? business
        : TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, (business / Speed).Ticks));

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new ScaledTimer(this, _real.CreateTimer(callback, state, ToReal(dueTime), ToReal(period)));

    private sealed class ScaledTimer(ScaledClock clock, ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(clock.ToReal(dueTime), clock.ToReal(period));

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
