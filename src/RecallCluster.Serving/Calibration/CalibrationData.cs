using RecallCluster.Calibration.Counts;

namespace RecallCluster.Serving.Calibration;

/// <summary>What calibration is fitted to: the counts of all shards, wherever they are, added up.</summary>
internal sealed class CalibrationData
{
    /// <summary>Impressions and clicks by context over raw pCTR.</summary>
    public ContextCounts Raw { get; } = new();

    /// <summary>Impressions and clicks over calibrated pCTR.</summary>
    public CalibrationCounts Calibrated { get; } = new();

    /// <summary>Clicks with what followed.</summary>
    public List<ClickFact> Clicks { get; } = [];

    /// <summary>Clicks ever counted.</summary>
    public long ClicksEver { get; private set; }

    /// <summary>Sums by hour.</summary>
    public SortedDictionary<long, HourSums> Hours { get; } = [];

    /// <summary>Adds a copy of a shard's counts; of a shard elsewhere, that of its restored snapshot.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="model">The click model whose raw pCTR is wanted.</param>
    /// <param name="contextOf">Context of a campaign, "advertiser/campaign".</param>
    public void Add(CalibrationShard shard, uint model, Func<long, string> contextOf)
    {
        shard.AddTo(model, contextOf, Raw, Calibrated);
        Clicks.AddRange(shard.CopyClicks());
        ClicksEver += shard.Clicks;
        foreach ((long hour, HourSums sums) in shard.Hours)
        {
            HourSums known = Hours.GetValueOrDefault(hour, new HourSums(hour, 0, 0, 0, 0));
            Hours[hour] = new HourSums(
                hour, known.Impressions + sums.Impressions, known.Clicks + sums.Clicks, known.Raw + sums.Raw,
                    known.Calibrated + sums.Calibrated);
        }
    }
}
