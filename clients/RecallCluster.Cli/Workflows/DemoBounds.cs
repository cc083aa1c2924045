using RecallCluster.Bidding.Replay;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>How many of the campaigns are bound by what, where each bids its best against the others' planned bids.</summary>
/// <param name="Budget">Share of the campaigns to whom more budget would bring more.</param>
/// <param name="Kpi">Share of those to whom a looser KPI would.</param>
internal sealed record DemoBounds(double Budget, double Kpi)
{
    /// <summary>By the auctions that the plans were made on, in which everybody took part.</summary>
    /// <param name="plans">The plans, for whole days.</param>
    /// <param name="history">The auctions.</param>
    /// <param name="share">Part of a day's traffic that they are.</param>
    public static DemoBounds Of(IReadOnlyList<CampaignPlan> plans, IReadOnlyList<TracedAuction> history, double share)
    {
        TracedAuction[] market = [.. history.Select(auction => auction with { Bids = [.. auction.Bids] })];
        CampaignPlanner.SetBids(market, plans.ToDictionary(plan => plan.Id));
        IReadOnlyDictionary<long, CampaignTrace> traces = CampaignTrace.Of(market);
        CampaignOptimum[] optima = [.. plans.Select(plan => CampaignOptimum.Of(plan.Scaled(share), traces[plan.Id]))];
        return new DemoBounds(
            optima.Average(optimum => optimum.BudgetBinds ? 1.0 : 0), optima.Average(optimum => optimum.KpiBinds ? 1.0 : 0));
    }
}
