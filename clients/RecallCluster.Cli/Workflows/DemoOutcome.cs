using RecallCluster.AdServer;
using RecallCluster.Bidding.Money;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Cli.Reports;
using RecallCluster.Learning.Evaluation;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>Everything that a played day left behind: the publisher's books, the plans, and what the ledgers and the oracle say.</summary>
/// <param name="Books">The publisher's books.</param>
/// <param name="Plans">What the campaigns asked for, by campaign.</param>
/// <param name="Ledgers">The ledgers' books of the day, by campaign; of a campaign that never opened the day, none.</param>
/// <param name="Days">Each campaign's day against its optimum, by campaign.</param>
/// <param name="Counted">What the ledgers counted on this day and on any that had begun before the last event came, by campaign.</param>
internal sealed record DemoOutcome(
    PublisherBooks Books, IReadOnlyDictionary<long, CampaignPlan> Plans, IReadOnlyDictionary<long, DayAccount> Ledgers,
    IReadOnlyDictionary<long, CampaignDayReport> Days, IReadOnlyDictionary<long, CountedEvents> Counted)
{
    private const int ScoreClusters = 20, FewestImpressions = 20;
    private const double LeastOptimum = 0.2, KpiTolerance = 1.1;

    /// <summary>What answers took where the day was played in virtual time, of which the books know nothing; null else.</summary>
    public Latencies? Latencies { get; init; }

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
    /// <param name="bounds">How many are bound in the market as planned.</param>
    public DemoBidding Bidding(DemoBounds bounds)
    {
        CampaignDayReport[] judged = [.. Days.Values.Where(IsJudged)];
        double[] ratios = [.. judged.Select(day => day.Ratio).Order()];
        double budgets = Ledgers.Values.Sum(day => (double)day.Budget.Value), spent = Ledgers.Values.Sum(day => (double)day.Spent.Value);
        return new DemoBidding(
            Plans.Count,
            ratios.Length == 0 ? null : judged.Sum(day => Math.Min(day.Value, day.OptimalValue)) / judged.Sum(day => day.OptimalValue),
            ratios.Length == 0 ? null : ratios.Average(),
            ratios.Length == 0 ? null : ratios[ratios.Length / 2],
            judged.Length == 0 ? null : judged.Average(ScoreOf),
            Ledgers.Values.Sum(day => Math.Max(0L, day.Spent.Value - day.Budget.Value)) / (double)Micros.PerUnit,
            bounds.Budget,
            bounds.Kpi,
            Share(Days.Values, day => day.IsBudgetBound),
            Share(Days.Values, day => day.IsKpiBound),
            Share(
                Books.Campaigns.Where(entry => Plans[entry.Key].Goal.Kpis.Length > 0 && entry.Value.TrueClicks > 0),
                entry => KeepsKpi(Plans[entry.Key], entry.Value)),
            budgets > 0 ? spent / budgets : null,
            Evenness());
    }

    /// <summary>What was sold.</summary>
    /// <param name="traffic">The market.</param>
    public DemoMarket Market(TrafficWorld traffic)
    {
        long impressions = Books.Campaigns.Values.Sum(page => page.Impressions), clicks = Books.Campaigns.Values.Sum(page => page.Clicks);
        double revenue = (double)Books.Campaigns.Values.Sum(page => page.Charged);
        double worth = Books.Shown.Sum(ad => WorthOf(ad, traffic));
        return new DemoMarket(
            revenue,
            impressions,
            clicks,
            Books.Campaigns.Values.Sum(page => page.Conversions),
            impressions > 0 ? (double)clicks / impressions : null,
            impressions > 0 ? Books.Campaigns.Values.Sum(page => page.TrueClicks) / impressions : null,
            impressions > 0 ? revenue / impressions * 1000 : null,
            Books.Requests > 0 ? revenue / Books.Requests * 1000 : null,
            Books.Requests > 0 ? worth / Books.Requests * 1000 : null,
            revenue > 0 ? worth / revenue : null,
            Books.Requests > 0 ? (double)Books.Filled / Books.Requests : null);
    }

    /// <summary>This day less another one with the same requests.</summary>
    /// <param name="other">The other day.</param>
    /// <param name="requests">The requests of both.</param>
    /// <param name="traffic">The market.</param>
    /// <param name="samePredictions">Whether both days predicted alike: a campaign's optimum is one by its own predictions.</param>
    public DemoChange Since(DemoOutcome other, IReadOnlyList<TrafficRequest> requests, TrafficWorld traffic, bool samePredictions)
    {
        ILookup<int, double> now = WorthByRequest(traffic), then = other.WorthByRequest(traffic);
        MeanInterval worth = MeanInterval.Normal(
            [.. requests.Select(request => 1000 * (now[request.Number].Sum() - then[request.Number].Sum()))]);
        double before = 1000 * then.Sum(ads => ads.Sum()) / requests.Count;
        double[] scores =
        [
            .. Days.Where(day => IsJudged(day.Value) && other.Days.TryGetValue(day.Key, out CampaignDayReport? was) && IsJudged(was))
                .Select(day => ScoreOf(day.Value) - ScoreOf(other.Days[day.Key])),
        ];
        return new DemoChange(
            worth, before > 0 ? worth.Mean / before : null, samePredictions && scores.Length > 1 ? MeanInterval.Normal(scores) : null);
    }

    /// <summary>The campaigns whose ledgers are not what the publisher was told.</summary>
    public IReadOnlyList<long> LedgersThatDiffer() =>
    [
        .. Books.Campaigns.Keys.Union(Counted.Keys).Order().Where(id =>
        {
            CampaignPage page = Books.Campaigns.TryGetValue(id, out CampaignPage? found) ? found : new CampaignPage();
            var told = (long)(page.Charged * Micros.PerUnit);
            return !Counted.TryGetValue(id, out CountedEvents counted)
                || (counted.Impressions, counted.Clicks, counted.Conversions) != (page.Impressions, page.Clicks, page.Conversions)
                || (page.Unpriced == 0 ? counted.Spent.Value != told : counted.Spent.Value < told);
        }),
    ];

    private ILookup<int, double> WorthByRequest(TrafficWorld traffic) =>
        Books.Shown.ToLookup(ad => ad.Request, ad => WorthOf(ad, traffic));

    private double WorthOf(ShownAd ad, TrafficWorld traffic)
    {
        TrafficCampaign campaign = traffic.Campaigns[(int)ad.Campaign - 1];
        return Plans.TryGetValue(ad.Campaign, out CampaignPlan? plan) && plan.Product.NeedsConversions
            ? ad.Truth * ad.TrueConversion * campaign.ConversionWorth
            : ad.Truth * campaign.ClickWorth;
    }

    private static bool IsJudged(CampaignDayReport day) => day.OptimalValue > LeastOptimum;

    /// <summary>Whether the campaign got what it asked for, by true click probabilities and what was really charged.</summary>
    private static bool KeepsKpi(CampaignPlan plan, CampaignPage page) =>
        (plan.Product.LimitsCtr ? page.Impressions * plan.MinCtr!.Value : (double)page.Charged / plan.MaxCpc!.Value)
            <= page.TrueClicks * KpiTolerance;

    private static double ScoreOf(CampaignDayReport day)
    {
        double score = Math.Min(1, day.Ratio);
        foreach (KpiView kpi in day.Kpis)
            score *= kpi.Value > kpi.Limit ? kpi.Limit / kpi.Value * (kpi.Limit / kpi.Value) : 1;
        return score;
    }

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

/// <summary>What a ledger counted over some days.</summary>
/// <param name="Impressions">Impressions.</param>
/// <param name="Clicks">Clicks.</param>
/// <param name="Conversions">Conversions.</param>
/// <param name="Spent">Charged.</param>
internal readonly record struct CountedEvents(long Impressions, long Clicks, long Conversions, Micros Spent)
{
    /// <summary>The sum of accounts.</summary>
    public static CountedEvents Of(IReadOnlyCollection<DayAccount> accounts) => new(
        accounts.Sum(day => day.Impressions), accounts.Sum(day => day.Clicks), accounts.Sum(day => day.Conversions),
        new Micros(accounts.Sum(day => day.Spent.Value)));
}
