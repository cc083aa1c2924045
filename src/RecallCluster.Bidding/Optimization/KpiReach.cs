using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Optimization;

/// <summary>Which limits of KPIs would do where nothing can be won within those asked for.</summary>
public static class KpiReach
{
    // Beyond it limits are none.
    private const double LargestFactor = 1e15;

    private const double Precision = 1e-9;

    /// <summary>
    /// The factor on all limits from which on some auction of value can be won, what has accrued of the KPIs left out. It lies between what
    /// the best auction of each KPI needs and what the best single auction needs, which are the same for one KPI; for several, where
    /// auctions that are good for one make up for those that are good for another, it is found by bisection over
    /// <see cref="BidSolver.Solve"/>.
    /// </summary>
    /// <returns>1 where the limits asked for are within reach; infinite where no limits would do.</returns>
    public static double LeastFactor(BidProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        if (!HasPrize(problem))
            return double.PositiveInfinity;
        (double low, double high) = Bracket(problem);
        low = Math.Max(1, low);
        if (low > LargestFactor)
            return double.PositiveInfinity;
        if (high > LargestFactor)
        {
            for (high = low; !CanWin(problem, high); high *= 2)
                if (high > LargestFactor)
                    return double.PositiveInfinity;
        }
        while (high - low > Precision * high)
        {
            double middle = low + ((high - low) / 2);
            if (CanWin(problem, middle))
                high = middle;
            else
                low = middle;
        }
        return Math.Max(low, high);
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

    private static (double Low, double High) Bracket(BidProblem problem)
    {
        ReadOnlySpan<KpiConstraint> kpis = problem.Goal.Kpis;
        Span<double> best = stackalloc double[kpis.Length];
        best.Fill(double.PositiveInfinity);
        double high = double.PositiveInfinity;
        for (int i = 0; i < problem.Log.Count; i++)
        {
            if (!CanPay(problem, i))
                continue;
            double worst = 0;
            for (int j = 0; j < kpis.Length; j++)
            {
                double n = kpis[j].Kind == KpiKind.CostRelated ? problem.Log.Cost[i] : problem.Log.Q(j)[i];
                double factor = n == 0 ? 0 : n / (kpis[j].Limit * problem.Log.P(j)[i]);
                best[j] = Math.Min(best[j], factor);
                worst = Math.Max(worst, factor);
            }
            high = Math.Min(high, worst);
        }
        double low = 0;
        foreach (double factor in best)
            low = Math.Max(low, factor);
        return (low, high);
    }

    private static bool CanWin(BidProblem problem, double factor)
    {
        KpiConstraint[] kpis =
        [
            .. problem.Goal.Kpis.ToArray().Select(kpi => new KpiConstraint(kpi.Name, kpi.Kind, kpi.Limit * factor)),
        ];
        double left = Math.Max(0, problem.Goal.Budget - problem.Accrued.Spent);
        return BidSolver.Solve(new BidProblem(problem.Log, new CampaignGoal(left, kpis))).Value > 0;
    }
}
