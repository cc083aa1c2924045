using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Replay;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Simulation.Tests.Traffic;

public class CampaignPlannerTests
{
    private static readonly SyntheticWorld World = new(SyntheticWorldOptions.Tiny with { Seed = 4 }, threads: 1);
    private static readonly TrafficWorld Traffic = new(World, new TrafficOptions
    {
        Seed = 4, Campaigns = 20, RequestsPerDay = 3_000, Attention = 0.8, RivalEcpm = 6,
    });

    private static readonly TracedAuction[] History = Traffic.TrueAuctions(Traffic.Day(0), DateTimeOffset.UnixEpoch);

    [Fact]
    public void Budgets_bind_for_most_campaigns_and_a_kpi_for_many()
    {
        Dictionary<long, CampaignPlan> plans = Plans(new CampaignPlanOptions()).ToDictionary(plan => plan.Id);
        TracedAuction[] market = [.. History.Select(auction => auction with { Bids = [.. auction.Bids] })];
        CampaignPlanner.SetBids(market, plans);
        IReadOnlyDictionary<long, CampaignTrace> traces = CampaignTrace.Of(market);
        CampaignOptimum[] optima = [.. plans.Values.Select(plan => CampaignOptimum.Of(plan, traces[plan.Id]))];

        Assert.InRange(optima.Count(optimum => optimum.BudgetBinds), 0.8 * optima.Length, optima.Length);
        Assert.InRange(optima.Count(optimum => optimum.KpiBinds), 0.3 * optima.Length, optima.Length);
        Assert.All(optima, optimum => Assert.True(optimum.Spent <= plans[optimum.Id].Budget * (1 + 1e-9)));
    }

    [Fact]
    public void A_plan_for_a_part_of_the_traffic_has_the_whole_days_budget()
    {
        CampaignPlan[] whole = Plans(new CampaignPlanOptions()), part = Plans(new CampaignPlanOptions { HistoryShare = 0.25 });

        Assert.All(whole.Zip(part), pair => Assert.Equal(4 * pair.First.Budget, pair.Second.Budget, 1e-9 * pair.Second.Budget));
        Assert.All(part, plan => Assert.Equal(plan.Budget / 2, plan.Scaled(0.5).Budget));
    }

    [Fact]
    public void Products_are_dealt_by_their_weights()
    {
        var options = new CampaignPlanOptions { Products = [(BidProduct.Click, 3), (BidProduct.ClickCpc, 1)] };

        CampaignPlan[] plans = Plans(options);

        Assert.Equal(15, plans.Count(plan => plan.Product == BidProduct.Click));
        Assert.Equal(5, plans.Count(plan => plan.Product == BidProduct.ClickCpc && plan.MaxCpc > 0 && plan.MinCtr is null));
    }

    [Fact]
    public void The_history_is_left_as_it_was()
    {
        Plans(new CampaignPlanOptions());

        Assert.All(History, auction => Assert.All(auction.Bids, bid => Assert.Equal(0, bid.Bid)));
    }

    [Fact]
    public void A_campaign_that_is_not_there_is_named()
    {
        TracedAuction strange = History[0] with { Bids = [new TracedBid(99, 0.1f, 0, 0)] };

        ArgumentException e = Assert.Throws<ArgumentException>(
            () => CampaignPlanner.Plan([strange], Traffic.Campaigns, new CampaignPlanOptions(), new SeededRandom(1)));
        Assert.Contains("99", e.Message, StringComparison.Ordinal);
    }

    private static CampaignPlan[] Plans(CampaignPlanOptions options) =>
        CampaignPlanner.Plan(History, Traffic.Campaigns, options, new SeededRandom(9));
}
