using System.Text.Json.Serialization;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Serving.Rollouts;
using static RecallCluster.Serving.Rollouts.LimitWords;

namespace RecallCluster.Serving.Calibration;

/// <summary>
/// What a new version of the calibrator must show on live impressions and clicks, each judged by maps that were fitted before it came, as
/// those of the running version are, before it is switched to.
/// </summary>
public sealed record CalibratorLimits
{
    /// <summary>Nothing is compared: a version is switched to at once.</summary>
    public static CalibratorLimits None { get; } = new() { Impressions = 0, Clicks = 0 };

    /// <summary>Fewest impressions that it is judged by.</summary>
    [JsonRequired]
    public int Impressions { get; init; } = 2_000;

    /// <summary>Fewest clicks among them; more: surer, later. With 0 of both nothing is compared.</summary>
    [JsonRequired]
    public int Clicks { get; init; } = 200;

    /// <summary>Most log loss of its click probabilities, to that of the running version's.</summary>
    [JsonRequired]
    public double MostLogLoss { get; init; } = 1.005;

    /// <summary>
    /// Most that its PCOC, predicted over observed clicks, may be off: 0.25 allows 0.8 to 1.25. One that is off no more than the running
    /// version's is let pass.
    /// </summary>
    [JsonRequired]
    public double MostPcocError { get; init; } = 0.25;

    /// <summary>How long the comparison may take before the version is refused, by the business clock.</summary>
    [JsonRequired]
    public TimeSpan Patience { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Refuses values that make no sense.</summary>
    /// <exception cref="InvalidRequestException">A limit is out of range; the message names it.</exception>
    public void Check()
    {
        Require(Impressions is >= 0 and <= 1_000_000_000, "shadow.impressions", "is 0 to 1000000000");
        Require(Clicks is >= 0 and <= 1_000_000_000, "shadow.clicks", "is 0 to 1000000000");
        Require(MostLogLoss > 0, "shadow.mostLogLoss", "is above 0");
        Require(MostPcocError >= 0, "shadow.mostPcocError", "is at least 0");
        RequireTime(Patience, "shadow.patience");
    }

    /// <summary>Whether a version is compared at all.</summary>
    internal bool Compares => Impressions > 0 || Clicks > 0;

    /// <summary>Judges a version by what has come in.</summary>
    internal RolloutVerdict Judge(CalibratorTally tally) => tally.Impressions < Impressions || tally.Clicks < Clicks
        ? new RolloutVerdict(null, IsDecided: false, tally.Figures)
        : new RolloutVerdict(WrongWith(tally), IsDecided: true, tally.Figures);

    private string? WrongWith(CalibratorTally tally)
    {
        if (!(tally.LogLoss <= MostLogLoss))
            return Said("logLoss", tally.LogLoss, $"at most {Text(MostLogLoss)}");
        double allowed = Math.Max(MostPcocError, CalibrationMetrics.ErrorOf(tally.RunningPcoc));
        return CalibrationMetrics.ErrorOf(tally.NewPcoc) <= allowed
            ? null
            : Said("pcoc", tally.NewPcoc, $"{Text(1 / (1 + allowed))} to {Text(1 + allowed)}");
    }
}
