using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;

namespace RecallCluster.Simulation.Traffic;

/// <summary>A campaign's best possible day, had it known all auctions.</summary>
/// <param name="Id">The campaign.</param>
/// <param name="Value">R*: clicks or conversions, as the campaign counts value.</param>
/// <param name="Spent">What it would have spent, in units of the currency.</param>
/// <param name="BudgetBinds">Whether more budget would have brought more value.</param>
/// <param name="KpiBinds">Whether a looser KPI would have.</param>
public sealed record CampaignOptimum(long Id, double Value, double Spent, bool BudgetBinds, bool KpiBinds)
{
    /// <summary>The optimum of a campaign over its part of a day's auctions, with the others' bids as they were.</summary>
    public static CampaignOptimum Of(CampaignPlan plan, CampaignTrace trace)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(trace);
        BidSolution solution = BidSolver.Solve(new BidProblem(trace.ToLog(plan.Product), plan.Goal));
        return new CampaignOptimum(
            plan.Id, solution.Value, solution.Spent, solution.BudgetMultiplier > 0, solution.Kpis.Any(kpi => kpi.Multiplier > 0));
    }
}
