using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Traffic;

/// <summary>
/// Plans campaigns on a history of auctions, so that budgets and limits bind on a day like it: a budget is a share of what the auctions
/// cost that the campaign can reach for, a KPI's limit is a little tighter than what the budget alone would reach. As the campaigns are
/// each other's rivals, plans and prices are found together, in a few rounds.
/// <code>
///  history ─► bids at worth ─► budgets ─► [ costs to win ─► LP without KPI ─► limits ─► LP ─► weights ─► bids ]*
/// </code>
/// </summary>
public static class CampaignPlanner
{
    private const double MaxBidPerWorth = 0.5;
    private const double BudgetMargin = 1.25, StepBack = 0.6, UsualClickProbability = 0.1;
    private const int MostAttempts = 6;
    private const float LeastClickProbability = 1e-6f;

    /// <summary>Plans for the campaigns that the history has auctions of, by campaign.</summary>
    /// <param name="history">Auctions of a day or of a part of it, in order; their bids are not read.</param>
    /// <param name="campaigns">The campaigns.</param>
    /// <param name="options">How to plan.</param>
    /// <param name="random">Source of randomness.</param>
    /// <exception cref="ArgumentException">A bid in the history is of a campaign that is not there.</exception>
    public static CampaignPlan[] Plan(
        IReadOnlyList<TracedAuction> history, IReadOnlyList<TrafficCampaign> campaigns, CampaignPlanOptions options, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(campaigns);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        Dictionary<long, TrafficCampaign> byId = campaigns.ToDictionary(campaign => campaign.Id);
        TracedAuction[] market = [.. history.Select(auction => auction with { Bids = [.. auction.Bids] })];
        IEnumerable<TracedBid> strangers = market.SelectMany(auction => auction.Bids).Where(bid => !byId.ContainsKey(bid.Campaign));
        if (strangers.FirstOrDefault() is { Campaign: not 0 } stranger)
            throw new ArgumentException($"The history has a bid of campaign {stranger.Campaign}, which is not there.", nameof(history));
        SetBids(market, bid => byId[bid.Campaign].ClickWorth * bid.ClickProbability);
        Dictionary<long, CampaignPlan> plans = FirstPlans(market, campaigns, options, random);
        for (int round = 0; round < options.Rounds; round++)
        {
            bool last = round == options.Rounds - 1;
            foreach (CampaignTrace trace in CampaignTrace.Of(market).Values)
                plans[trace.Campaign] = Answer(plans[trace.Campaign], trace, options, random.Split((ulong)trace.Campaign), round);
            if (!last)
                SetBids(market, plans);
        }
        return [.. plans.Values.Select(plan => plan with { Budget = plan.Budget / options.HistoryShare }).OrderBy(plan => plan.Id)];
    }

    /// <summary>Gives every bid of some auctions anew, in place.</summary>
    /// <param name="market">The auctions.</param>
    /// <param name="plans">The campaigns' plans: they bid with their starting weights.</param>
    /// <exception cref="KeyNotFoundException">A campaign has no plan.</exception>
    public static void SetBids(IReadOnlyList<TracedAuction> market, IReadOnlyDictionary<long, CampaignPlan> plans)
    {
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(plans);
        Dictionary<long, BidFormula> formulas = plans.ToDictionary(
            entry => entry.Key, entry => new BidFormula(entry.Value.Goal.Kpis, entry.Value.Start, entry.Value.MaxBid));
        SetBids(market, bid => OfferOf(bid, formulas[bid.Campaign], plans[bid.Campaign].Product));
    }

    private static double OfferOf(in TracedBid bid, in BidFormula formula, BidProduct product) =>
        formula.Bid(product.ValueOf(bid.ClickProbability, bid.ConversionProbability), [bid.ClickProbability], [1]);

    private static void SetBids(IReadOnlyList<TracedAuction> market, Func<TracedBid, double> offer)
    {
        foreach (TracedAuction auction in market)
            foreach (ref TracedBid bid in auction.Bids.AsSpan())
                bid = bid with { Bid = bid.ClickProbability > LeastClickProbability ? (float)offer(bid) : 0 };
    }

    /// <summary>Products and budgets.</summary>
    private static Dictionary<long, CampaignPlan> FirstPlans(
        TracedAuction[] market, IReadOnlyList<TrafficCampaign> campaigns, CampaignPlanOptions options, SeededRandom random)
    {
        IReadOnlyDictionary<long, CampaignTrace> traces = CampaignTrace.Of(market);
        TrafficCampaign[] present = [.. campaigns.Where(campaign => traces.ContainsKey(campaign.Id))];
        BidProduct[] products = Products(present.Length, options);
        random.Shuffle(products.AsSpan());
        var plans = new Dictionary<long, CampaignPlan>();
        for (int i = 0; i < present.Length; i++)
        {
            TrafficCampaign campaign = present[i];
            CampaignTrace trace = traces[campaign.Id];
            double share = options.SmallestBudgetShare
                + ((options.LargestBudgetShare - options.SmallestBudgetShare) * random.NextDouble());
            double budget = share * CostWithinReach(trace, campaign.ClickWorth, options.LeastReach);
            PricingModel pricing = random.NextDouble() < options.PerClickShare ? PricingModel.Cpc : PricingModel.Cpm;
            double? cpc = products[i].LimitsCpc ? campaign.ClickWorth : null, ctr = products[i].LimitsCtr ? 1e-6 : null;
            double[] start = cpc is null && ctr is null ? [] : [0];
            plans.Add(campaign.Id, new CampaignPlan(
                campaign.Id, products[i], pricing, budget, cpc, ctr, campaign.ClickWorth * MaxBidPerWorth,
                new BidWeights(campaign.ClickWorth, start)));
        }
        return plans;
    }

    /// <summary>What the auctions cost that a campaign reaches for: those whose clicks are worth it, and at least a share of all.</summary>
    private static double CostWithinReach(CampaignTrace trace, double clickWorth, double leastReach)
    {
        double[] costsPerClick = [.. trace.Costs.Zip(trace.Clicks, (cost, click) => cost / Math.Max(click, LeastClickProbability))];
        double[] ordered = [.. costsPerClick.Order()];
        double reached = Math.Max(clickWorth, ordered[(int)Math.Min(ordered.Length - 1, leastReach * ordered.Length)]);
        double cost = 0;
        for (int auction = 0; auction < trace.Count; auction++)
            cost += costsPerClick[auction] <= reached ? trace.Costs[auction] : 0;
        return cost;
    }

    private static BidProduct[] Products(int count, CampaignPlanOptions options)
    {
        double total = options.Products.Sum(product => product.Weight), until = 0;
        var products = new List<BidProduct>();
        foreach ((BidProduct product, double weight) in options.Products)
        {
            until += weight;
            while (products.Count < Math.Round(count * until / total))
                products.Add(product);
        }
        return [.. products];
    }

    /// <summary>A campaign's limit and weights against the others' bids; weights move half of the way, on a logarithmic scale.</summary>
    private static CampaignPlan Answer(CampaignPlan plan, CampaignTrace trace, CampaignPlanOptions options, SeededRandom random, int round)
    {
        AuctionLog log = trace.ToLog(plan.Product);
        if (plan.Product.LimitsCpc || plan.Product.LimitsCtr)
            plan = Limited(plan, log, options, random);
        BidWeights best = BidSolver.Solve(new BidProblem(log, plan.Goal)).Weights;
        best = Finite(plan, best, trace);
        return plan with { Start = round == 0 ? best : Between(plan.Start, best) };
    }

    /// <summary>A limit near what the budget alone reaches; a CTR limit gives way until a somewhat larger budget would bind too.</summary>
    private static CampaignPlan Limited(CampaignPlan plan, AuctionLog log, CampaignPlanOptions options, SeededRandom random)
    {
        CampaignGoal loose = plan.Product.Goal(plan.Budget, cpc: 1e9, ctr: 1e-9);
        double free = BidSolver.Solve(new BidProblem(log, loose)).Kpis[0].Ratio;
        double step = options.SmallestKpiStep + ((options.LargestKpiStep - options.SmallestKpiStep) * random.NextDouble());
        bool isLoose = random.NextDouble() < options.LooseCpcShare;
        if (!double.IsFinite(free) || !(free > 0))
            return plan;
        if (plan.Product.LimitsCpc)
            return plan with { MaxCpc = free * (isLoose ? 1 + step : 1 - step) };
        for (int attempt = 1; ; attempt++, step *= StepBack)
        {
            CampaignPlan tight = plan with { MinCtr = 1 / (free * (1 - step)) };
            CampaignGoal ampler = tight.Goal.WithBudget(BudgetMargin * tight.Budget);
            if (attempt == MostAttempts || BidSolver.Solve(new BidProblem(log, ampler)).BudgetMultiplier > 0)
                return tight;
        }
    }

    /// <summary>
    /// Where nothing that costs is scarce the optimal weight of the value is infinite; a campaign begins with one that wins nearly
    /// everything.
    /// </summary>
    private static BidWeights Finite(CampaignPlan plan, in BidWeights best, CampaignTrace trace)
    {
        if (!best.IsUnbounded)
            return best;
        double conversion = plan.Product.NeedsConversions ? Math.Max(LeastClickProbability, trace.Conversions.Average()) : 1;
        double scale = plan.MaxBid / (UsualClickProbability * conversion);
        var kpis = new double[best.Count];
        for (int j = 0; j < kpis.Length; j++)
            kpis[j] = best[j] * scale;
        return new BidWeights(scale, kpis);
    }

    private static BidWeights Between(in BidWeights old, in BidWeights best)
    {
        if (!(old.Value > 0) || !(best.Value > 0))
            return best;
        var kpis = new double[best.Count];
        for (int j = 0; j < kpis.Length; j++)
            kpis[j] = (old[j] + best[j]) / 2;
        return new BidWeights(Math.Sqrt(old.Value * best.Value), kpis);
    }
}
