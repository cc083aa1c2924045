using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Optimization;

/// <summary>How far limits have to give way before a combination of rows stops forbidding every plan.</summary>
internal static class KpiRelaxation
{
    private const int MostSteps = 100;

    /// <summary>
    /// The least relaxation t, common to all KPIs (limit k becomes k (1 + t)), at which <paramref name="combination"/> y no longer proves
    /// infeasibility: the root of g(t) = y b(t) - sum of min(0, y a_i(t)), which rises and is convex, found by Newton's method.
    /// </summary>
    /// <param name="problem">The problem.</param>
    /// <param name="rows">Its rows at the present relaxation; their scale applies to the combination.</param>
    /// <param name="combination">Weights of the scaled rows, 0 or more.</param>
    /// <param name="from">A relaxation at which g is negative.</param>
    /// <returns>The root; infinite when g does not rise.</returns>
    public static double Least(BidProblem problem, BidRows rows, ReadOnlySpan<double> combination, double from)
    {
        var y = new double[combination.Length];
        for (int r = 0; r < y.Length; r++)
            y[r] = rows.Multiplier(r, combination[r]);
        double t = from;
        for (int step = 0; step < MostSteps; step++)
        {
            (double g, double slope) = Evaluate(problem, y, t);
            if (!(slope > 0))
                return double.PositiveInfinity;
            double next = Math.Max(from, t - (g / slope));
            if (Math.Abs(next - t) <= 1e-14 * Math.Max(1, next))
                return next;
            t = next;
        }
        return t;
    }

    private static (double G, double Slope) Evaluate(BidProblem problem, double[] y, double t)
    {
        ReadOnlySpan<KpiConstraint> kpis = problem.Goal.Kpis;
        double g = y[0] * Math.Max(0, problem.Goal.Budget - problem.Accrued.Spent), slope = 0;
        for (int j = 0; j < kpis.Length; j++)
        {
            double perUnit = y[j + 1] * kpis[j].Limit * problem.Accrued.Denominator(j);
            g += (perUnit * (1 + t)) - (y[j + 1] * problem.Accrued.Numerator(j));
            slope += perUnit;
        }
        ReadOnlySpan<double> costs = problem.Log.Cost;
        for (int i = 0; i < costs.Length; i++)
        {
            double term = y[0] * costs[i], fall = 0;
            for (int j = 0; j < kpis.Length; j++)
            {
                double numerator = kpis[j].Kind == KpiKind.CostRelated ? costs[i] : problem.Log.Q(j)[i];
                double perUnit = y[j + 1] * kpis[j].Limit * problem.Log.P(j)[i];
                term += (y[j + 1] * numerator) - (perUnit * (1 + t));
                fall += perUnit;
            }
            if (term < 0)
            {
                g -= term;
                slope += fall;
            }
        }
        return (g, slope);
    }
}
