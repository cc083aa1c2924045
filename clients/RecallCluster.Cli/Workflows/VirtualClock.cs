using RecallCluster.AdServer;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// Business time that stands still until whoever plays a day comes to the next moment: a day takes as long as its work takes, and plays
/// alike on
/// every machine. On the way it stops at regular times for what happens by the clock.
/// </summary>
internal sealed class VirtualClock(DateTimeOffset start, TimeSpan step) : TimeProvider, IPlayClock
{
    private DateTimeOffset _now = start, _nextStop = start + step;

    /// <summary>What happens at every step.</summary>
    public Func<CancellationToken, Task> OnStep { get; set; } = _ => Task.CompletedTask;

    public bool IsSequential => true;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => _now;

    public async Task WaitUntilAsync(DateTimeOffset due, CancellationToken cancellation)
    {
        while (_nextStop <= due)
        {
            _now = _nextStop;
            _nextStop += step;
            await OnStep(cancellation).ConfigureAwait(false);
        }
        _now = due > _now ? due : _now;
    }
}
