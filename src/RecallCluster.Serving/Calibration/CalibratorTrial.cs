namespace RecallCluster.Serving.Calibration;

/// <summary>
/// Two calibrators side by side, progressively validated: what comes in is judged by the maps of each as they are then, and only afterwards
/// may they be fitted to it.
/// <code>
///  counts so far ──► running: maps ─┐                 ┌──► each is fitted when it is due, follows the mix shown
///              └───► new:     maps ─┴─ judged by ─────┤
///  impressions and clicks since ──────────────────────┴──► tally
/// </code>
/// Both are fitted to the same counts when this begins, each goes on as its own settings say. Not thread-safe.
/// </summary>
/// <param name="candidate">The new version.</param>
/// <param name="running">Maps of the running version, fitted for this.</param>
/// <param name="next">Maps of the new one.</param>
/// <param name="model">The click model whose raw pCTR they map.</param>
/// <param name="contextOf">Context of a campaign, "advertiser/campaign".</param>
internal sealed class CalibratorTrial(
    CalibratorVersion candidate, CalibratorMaps running, CalibratorMaps next, uint model, Func<long, string> contextOf)
{
    private readonly CalibratorMaps[] _both = [running, next];
    private readonly Dictionary<long, string> _contexts = [];

    /// <summary>What came of it so far.</summary>
    public CalibratorTally Tally { get; private set; } = new();

    /// <summary>Whether it is of this version.</summary>
    public bool IsOf(CalibratorVersion version) => version.Version == candidate.Version;

    /// <summary>Whether one of both is to be fitted.</summary>
    public bool IsDue(DateTimeOffset now) => Array.Exists(_both, maps => maps.IsDue(now));

    /// <summary>Judges both by what has come in since the last call, then lets them follow it.</summary>
    /// <param name="shown">What has come in.</param>
    /// <param name="hours">Now, in hours since 1970.</param>
    public void Take(IReadOnlyList<ShownImpressions> shown, double hours)
    {
        foreach (ShownImpressions some in shown)
        {
            if (some.Model != model)
                continue;
            if (!_contexts.TryGetValue(some.Campaign, out string? context))
                _contexts[some.Campaign] = context = contextOf(some.Campaign);
            Tally = Tally.With(
                some.Count, some.Clicks, running.Model.Apply(some.Probability, context), next.Model.Apply(some.Probability, context));
        }
        foreach (CalibratorMaps maps in _both)
            maps.Follow(shown, hours);
    }

    /// <summary>Fits those that are due.</summary>
    /// <param name="data">What is counted.</param>
    /// <param name="now">The business clock.</param>
    /// <param name="isForced">Whether both are fitted, whatever is new.</param>
    public void Fit(CalibrationData data, DateTimeOffset now, bool isForced = false)
    {
        foreach (CalibratorMaps maps in _both)
        {
            if (!isForced && !maps.IsDue(now))
                continue;
            maps.Looked(now);
            maps.Fit(data, isForced);
        }
    }
}
