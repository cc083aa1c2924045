using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Optimization;

/// <summary>Which limits of KPIs would do where nothing can be won within those asked for.</summary>
public static class KpiReach
{
    /// <summary>
    /// The least common factor on all limits at which a single auction that can be paid for is within them, what has accrued of the KPIs
    /// left out. For one KPI less would not do; for several it is enough, but auctions good for one may make up for others with less.
    /// </summary>
    /// <returns>1 where the limits asked for will do; infinite where nothing of value can be paid for, or no limits would do.</returns>
    public static double LeastFactor(BidProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        if (!HasPrize(problem))
            return double.PositiveInfinity;
        ReadOnlySpan<KpiConstraint> kpis = problem.Goal.Kpis;
        double least = double.PositiveInfinity;
        for (int i = 0; i < problem.Log.Count; i++)
        {
            if (!CanPay(problem, i))
                continue;
            double needed = 1;
            for (int j = 0; j < kpis.Length; j++)
            {
                double n = kpis[j].Kind == KpiKind.CostRelated ? problem.Log.Cost[i] : problem.Log.Q(j)[i];
                needed = Math.Max(needed, n == 0 ? 0 : n / (kpis[j].Limit * problem.Log.P(j)[i]));
            }
            least = Math.Min(least, needed);
        }
        return least;
    }

    /// <summary>Whether, but for KPIs, something of value could be won.</summary>
    internal static bool HasPrize(BidProblem problem)
    {
        ReadOnlySpan<double> values = problem.Log.Value;
        for (int i = 0; i < values.Length; i++)
            if (values[i] > 0 && CanPay(problem, i))
                return true;
        return false;
    }

    private static bool CanPay(BidProblem problem, int auction) =>
        problem.Goal.Budget > problem.Accrued.Spent || problem.Log.Cost[auction] == 0;
}
