using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Simulation.Bidding;

namespace RecallCluster.Bidding.Tests;

/// <summary>Random logs for tests.</summary>
internal static class Logs
{
    /// <summary>A log with log-normal values and costs, and one cost-related and one other KPI.</summary>
    public static AuctionLog TwoKpis(int count, ulong seed) => SyntheticAuctions.Draw(count, seed);

    /// <summary>A goal for such a log whose budget and both KPIs bind.</summary>
    public static CampaignGoal TwoKpiGoal(AuctionLog log, double budgetShare, double tightness = 0.8) =>
        SyntheticAuctions.Goal(log, budgetShare, tightness * 0.5, tightness * 0.6);

    public static AuctionLog Clicks(double[] value, double[] cost) => new(value, cost, [], []);

    /// <summary>What the optimal plan wins of the first auctions.</summary>
    public static TickSums Won(BidProblem problem, BidSolution solution, int auctions)
    {
        var sums = new TickSums { Auctions = auctions };
        for (int i = 0; i < auctions; i++)
        {
            double share = solution.Share(i);
            sums.Spent += share * problem.Log.Cost[i];
            sums.Value += share * problem.Log.Value[i];
            for (int j = 0; j < problem.Goal.Kpis.Length; j++)
            {
                bool costs = problem.Goal.Kpis[j].Kind == KpiKind.CostRelated;
                sums.AddKpi(j, share * (costs ? problem.Log.Cost[i] : problem.Log.Q(j)[i]), share * problem.Log.P(j)[i]);
            }
        }
        return sums;
    }

    public static double Sum(ReadOnlySpan<double> column)
    {
        double sum = 0;
        foreach (double x in column)
            sum += x;
        return sum;
    }
}
