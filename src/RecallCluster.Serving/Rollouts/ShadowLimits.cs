using static RecallCluster.Serving.Rollouts.LimitWords;

namespace RecallCluster.Serving.Rollouts;

/// <summary>
/// What a new version of model and index must show on live requests, answered by it and by the running one side by side, before it is
/// switched to. Shares and ratios are of the new version to the running one.
/// </summary>
public sealed record ShadowLimits
{
    /// <summary>No requests are compared.</summary>
    public static ShadowLimits None { get; } = new() { Requests = 0 };

    /// <summary>Requests that must be compared; 0 for none: then it is switched to as soon as it is loaded.</summary>
    public int Requests { get; init; } = 200;

    /// <summary>
    /// Share of the live requests that are compared, in (0, 1]; where these are few more of them are, up to all: see <see cref="Pace"/>.
    /// </summary>
    public double Share { get; init; } = 0.1;

    /// <summary>
    /// Least value found, to that of the running version: expected revenue, or click probability where requests rank by interest.
    /// </summary>
    public double LeastValue { get; init; } = 0.8;

    /// <summary>Most value found: a model that promises much more than the running one is likely to be wrong.</summary>
    public double MostValue { get; init; } = 1.5;

    /// <summary>Least share of the running version's ads that are found too; models that differ much find other ads.</summary>
    public double LeastOverlap { get; init; } = 0.02;

    /// <summary>Most time an answer takes, unless it takes hardly longer: see <see cref="LatencyAllowance"/>.</summary>
    public double MostLatency { get; init; } = 2;

    /// <summary>
    /// How much longer an answer may take on average, whatever the ratio: of answers within microseconds the ratio says nothing.
    /// </summary>
    public TimeSpan LatencyAllowance { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Most requests that it did not answer in full, as a share.</summary>
    public double MostFailures { get; init; } = 0.01;

    /// <summary>How long loading, and then the comparison, may take before the version is refused.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Comparisons a second that have the wanted number done within half of the patience.</summary>
    internal double Pace => 2 * Requests / Patience.TotalSeconds;

    /// <summary>Refuses values that make no sense.</summary>
    /// <exception cref="InvalidRequestException">A limit is out of range; the message names it.</exception>
    public void Check()
    {
        Require(Requests is >= 0 and <= 10_000_000, "shadow.requests", "is 0 to 10000000");
        Require(Share is > 0 and <= 1, "shadow.share", "is above 0, at most 1");
        Require(LeastValue is >= 0 and <= 1, "shadow.leastValue", "is 0 to 1");
        Require(MostValue >= 1, "shadow.mostValue", "is at least 1");
        Require(LeastOverlap is >= 0 and <= 1, "shadow.leastOverlap", "is 0 to 1");
        Require(MostLatency > 0, "shadow.mostLatency", "is above 0");
        Require(
            LatencyAllowance >= TimeSpan.Zero && LatencyAllowance <= TimeSpan.FromMinutes(1), "shadow.latencyAllowance", "is 0 to a minute");
        Require(MostFailures is >= 0 and <= 1, "shadow.mostFailures", "is 0 to 1");
        RequireTime(Patience, "shadow.patience");
    }

    /// <summary>Judges a version that was compared often enough.</summary>
    /// <returns>What is wrong with it; null where nothing is.</returns>
    internal string? Judge(ShadowTally tally)
    {
        if (!(tally.FailureShare <= MostFailures))
            return Said("failures", tally.FailureShare, $"at most {Text(MostFailures)}");
        if (!(tally.Value >= LeastValue && tally.Value <= MostValue))
            return Said("value", tally.Value, $"{Text(LeastValue)} to {Text(MostValue)}");
        if (!(tally.Overlap >= LeastOverlap))
            return Said("overlap", tally.Overlap, $"at least {Text(LeastOverlap)}");
        return tally.Latency <= MostLatency || tally.ExtraSeconds <= LatencyAllowance.TotalSeconds
            ? null
            : Said(
                "latency", tally.Latency,
                $"at most {Text(MostLatency)}, or {Text(LatencyAllowance.TotalMilliseconds)} ms more, not {Text(tally.ExtraSeconds * 1e3)}");
    }
}
