using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.RealTime;

namespace RecallCluster.Serving.Calibration;

/// <summary>The mix of campaigns being shown, over the bins of one fit. Not thread-safe.</summary>
/// <param name="fit">The fit.</param>
/// <param name="hours">Hours of impressions that are counted.</param>
/// <param name="model">The click model that the fit is of.</param>
/// <param name="contextOf">Context of a campaign, "advertiser/campaign".</param>
internal sealed class ShownMix(RealTimeWeightedSir fit, int hours, uint model, Func<long, string> contextOf)
{
    private readonly AppliedDistribution _applied =
        new(fit, ShownCounter.SlotHours, (int)Math.Ceiling(hours / ShownCounter.SlotHours));
    private readonly Dictionary<long, int> _clusters = [];

    /// <summary>Counts impressions.</summary>
    public void Record(in ShownImpressions shown)
    {
        if (shown.Model != model || shown.Count == 0)
            return;
        if (!_clusters.TryGetValue(shown.Campaign, out int cluster))
            _clusters[shown.Campaign] = cluster = fit.ClusterOf(contextOf(shown.Campaign));
        _applied.Record(shown.Probability, cluster, shown.Hours, shown.Count);
    }

    /// <summary>The maps for the mix of now.</summary>
    /// <param name="now">Hours since 1970.</param>
    public CalibrationModel Publish(double now)
    {
        _applied.Advance(now);
        return new CalibrationModel("rtw-bsir", fit.Publish(_applied).Root, fit.Bayes.Contexts);
    }
}
