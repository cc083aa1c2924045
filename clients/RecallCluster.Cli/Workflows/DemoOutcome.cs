using RecallCluster.AdServer;
using RecallCluster.Bidding.Money;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>Everything that a played day left behind: the publisher's books, the plans, and what the ledgers and the oracle say.</summary>
/// <param name="Books">The publisher's books.</param>
/// <param name="Plans">What the campaigns asked for, by campaign.</param>
/// <param name="Ledgers">The ledgers' books of the day, by campaign; of a campaign that never opened the day, none.</param>
/// <param name="Days">Each campaign's day against its optimum, by campaign.</param>
internal sealed record DemoOutcome(
    PublisherBooks Books, IReadOnlyDictionary<long, CampaignPlan> Plans, IReadOnlyDictionary<long, DayAccount> Ledgers,
    IReadOnlyDictionary<long, CampaignDayReport> Days)
{
    private const int ScoreClusters = 20, FewestImpressions = 20;
    private const double LeastOptimum = 0.2;

    /// <summary>Whether predictions came true, against the true probabilities, before and after calibration.</summary>
    public DemoCalibration Calibration()
    {
        ShownAd[] shown = [.. Books.Shown];
        bool knowsRaw = shown.Length > 0 && !double.IsNaN(shown[0].Raw);
        return new DemoCalibration(
            knowsRaw ? CalN(shown, ad => ad.Raw, byCampaign: false) : null,
            CalN(shown, ad => ad.Predicted, byCampaign: false),
            knowsRaw ? CalN(shown, ad => ad.Raw, byCampaign: true) : null,
            CalN(shown, ad => ad.Predicted, byCampaign: true),
            CalibrationMetrics.Pcoc(shown.Sum(ad => ad.Predicted), shown.Sum(ad => ad.Truth)));
    }

    /// <summary>How the campaigns fared.</summary>
    public DemoBidding Bidding()
    {
        CampaignDayReport[] judged = [.. Days.Values.Where(day => day.OptimalValue > LeastOptimum)];
        double[] ratios = [.. judged.Select(day => day.Ratio).Order()];
        double budgets = Ledgers.Values.Sum(day => (double)day.Budget.Value), spent = Ledgers.Values.Sum(day => (double)day.Spent.Value);
        return new DemoBidding(
            Plans.Count,
            ratios.Length == 0 ? null : judged.Sum(day => Math.Min(day.Value, day.OptimalValue)) / judged.Sum(day => day.OptimalValue),
            ratios.Length == 0 ? null : ratios.Average(),
            ratios.Length == 0 ? null : ratios[ratios.Length / 2],
            Ledgers.Values.Sum(day => Math.Max(0L, day.Spent.Value - day.Budget.Value)) / (double)Micros.PerUnit,
            Share(Days.Values, day => day.IsBudgetBound),
            Share(Days.Values, day => day.IsKpiBound),
            Share(Days.Values.SelectMany(day => day.Kpis).Where(kpi => double.IsFinite(kpi.Value)), kpi => kpi.Value <= kpi.Limit * 1.05),
            budgets > 0 ? spent / budgets : null,
            Evenness());
    }

    /// <summary>What was sold.</summary>
    /// <param name="traffic">The market.</param>
    public DemoMarket Market(TrafficWorld traffic)
    {
        long impressions = Books.Campaigns.Values.Sum(page => page.Impressions), clicks = Books.Campaigns.Values.Sum(page => page.Clicks);
        double revenue = (double)Books.Campaigns.Values.Sum(page => page.Charged);
        double worth = Books.Campaigns.Sum(entry =>
        {
            TrafficCampaign campaign = traffic.Campaigns[(int)entry.Key - 1];
            return Plans.TryGetValue(entry.Key, out CampaignPlan? plan) && plan.Product.NeedsConversions
                ? entry.Value.TrueConversions * campaign.ConversionWorth
                : entry.Value.TrueClicks * campaign.ClickWorth;
        });
        return new DemoMarket(
            revenue,
            impressions,
            clicks,
            Books.Campaigns.Values.Sum(page => page.Conversions),
            impressions > 0 ? (double)clicks / impressions : null,
            impressions > 0 ? Books.Campaigns.Values.Sum(page => page.TrueClicks) / impressions : null,
            impressions > 0 ? revenue / impressions * 1000 : null,
            Books.Requests > 0 ? revenue / Books.Requests * 1000 : null,
            revenue > 0 ? worth / revenue : null,
            Books.Requests > 0 ? (double)Books.Filled / Books.Requests : null);
    }

    /// <summary>The campaigns whose ledgers are not what the publisher was told.</summary>
    public IReadOnlyList<long> LedgersThatDiffer() =>
    [
        .. Books.Campaigns.Keys.Union(Ledgers.Keys).Order().Where(id =>
        {
            CampaignPage page = Books.Campaigns.TryGetValue(id, out CampaignPage? found) ? found : new CampaignPage();
            return !Ledgers.TryGetValue(id, out DayAccount? day)
                || (day.Impressions, day.Clicks, day.Conversions) != (page.Impressions, page.Clicks, page.Conversions)
                || (page.Unpriced == 0
                    ? day.Spent.Value != (long)(page.Charged * Micros.PerUnit)
                    : day.Spent.Value < (long)(page.Charged * Micros.PerUnit));
        }),
    ];

    /// <summary>One less the mean over campaigns of the largest distance between spent share and traffic share of the day so far.</summary>
    private double? Evenness()
    {
        var distances = new List<double>();
        double[] traffic = [.. TrafficWorld.HourShares];
        foreach (CampaignPage page in Books.Campaigns.Values.Where(page => page.Impressions >= FewestImpressions && page.Charged > 0))
        {
            double gone = 0, distance = 0;
            for (int hour = 0; hour < traffic.Length; hour++)
            {
                gone += traffic[hour];
                distance = Math.Max(distance, Math.Abs((double)(page.ChargedByHour[hour] / page.Charged) - gone));
            }
            distances.Add(distance);
        }
        return distances.Count == 0 ? null : 1 - distances.Average();
    }

    private static double? Share<T>(IEnumerable<T> values, Func<T, bool> holds)
    {
        int count = 0, held = 0;
        foreach (T value in values)
        {
            count++;
            held += holds(value) ? 1 : 0;
        }
        return count == 0 ? null : (double)held / count;
    }

    /// <summary>
    /// Cal-N over campaigns, or over clusters of equally many impressions by prediction; the truth takes the place of clicks.
    /// </summary>
    private static double? CalN(ShownAd[] shown, Func<ShownAd, double> prediction, bool byCampaign)
    {
        ShownAd[][] groups = byCampaign
            ? [.. shown.GroupBy(ad => ad.Campaign).Select(group => group.ToArray()).Where(group => group.Length >= FewestImpressions)]
            : [.. shown.OrderBy(prediction).Chunk(Math.Max(1, (shown.Length + ScoreClusters - 1) / ScoreClusters))];
        return groups.Length == 0
            ? null
            : CalibrationMetrics.CalN(
                [.. groups.Select(group => group.Sum(prediction))], [.. groups.Select(group => group.Sum(ad => ad.Truth))],
                [.. groups.Select(_ => 1.0)], out _);
    }
}
