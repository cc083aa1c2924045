using RecallCluster.Calibration.Metrics;

namespace RecallCluster.Serving.Calibration;

/// <summary>
/// Sums over impressions whose click probability was predicted by the running calibrator and by a new one, both before they came.
/// </summary>
/// <remarks>
/// A click is counted when it comes, which may be after its impression was: the sums are linear in both, so that over any while they are
/// what they would be if clicks came at once, but for those that were under way when the while began and when it ended.
/// </remarks>
internal sealed record CalibratorTally
{
    /// <summary>Impressions.</summary>
    public long Impressions { get; private init; }

    /// <summary>Clicks.</summary>
    public long Clicks { get; private init; }

    /// <summary>Log loss of the new version's predictions, to that of the running one's; 1 where neither lost anything.</summary>
    public double LogLoss => RunningLoss == NewLoss ? 1 : NewLoss / RunningLoss;

    /// <summary>Predicted over observed clicks of the running version; infinite without clicks.</summary>
    public double RunningPcoc => CalibrationMetrics.Pcoc(RunningPredicted, Clicks);

    /// <summary>Predicted over observed clicks of the new version; infinite without clicks.</summary>
    public double NewPcoc => CalibrationMetrics.Pcoc(NewPredicted, Clicks);

    /// <summary>The figures by name, for people.</summary>
    public IReadOnlyDictionary<string, double> Figures => new Dictionary<string, double>
    {
        ["impressions"] = Impressions,
        ["clicks"] = Clicks,
        ["logLoss"] = LogLoss,
        ["pcoc"] = NewPcoc,
        ["runningPcoc"] = RunningPcoc,
    };

    private double RunningLoss { get; init; }

    private double NewLoss { get; init; }

    private double RunningPredicted { get; init; }

    private double NewPredicted { get; init; }

    /// <summary>With more of them.</summary>
    /// <param name="impressions">Impressions, none of them clicked yet.</param>
    /// <param name="clicks">Clicks.</param>
    /// <param name="running">What the running version predicted for each.</param>
    /// <param name="candidate">What the new one did.</param>
    public CalibratorTally With(long impressions, long clicks, double running, double candidate) => new()
    {
        Impressions = Impressions + impressions,
        Clicks = Clicks + clicks,
        RunningLoss = RunningLoss + Loss(running, impressions, clicks),
        NewLoss = NewLoss + Loss(candidate, impressions, clicks),
        RunningPredicted = RunningPredicted + (impressions * running),
        NewPredicted = NewPredicted + (impressions * candidate),
    };

    private static double Loss(double p, long impressions, long clicks)
    {
        double safe = Math.Clamp(p, CalibrationMetrics.Floor, 1 - CalibrationMetrics.Floor);
        return -(clicks * Math.Log(safe)) - ((impressions - clicks) * Math.Log(1 - safe));
    }
}
