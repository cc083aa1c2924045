using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Hosting;

/// <summary>The clock of budgets, flights, ticks and caps on this silo.</summary>
/// <param name="Business">The clock.</param>
public sealed record ClusterClock(TimeProvider Business)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Real time in which a span of business time passes, but no less than a tenth of a second: timers of grains know real time only.
    /// </summary>
    public TimeSpan ToReal(TimeSpan business)
    {
        TimeSpan real = Business is ScaledClock scaled ? scaled.ToReal(business) : business;
        return real < Shortest ? Shortest : real;
    }
}
