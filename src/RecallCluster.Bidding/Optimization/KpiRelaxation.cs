using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Optimization;

/// <summary>How far limits have to give way before a combination of rows stops forbidding every plan.</summary>
internal static class KpiRelaxation
{
    private const int MostSteps = 100;

    // Beyond a breakpoint, far enough for the term to be below 0 in double precision.
    private const double Beyond = 1e-9;

    /// <summary>
    /// The least relaxation t, common to all KPIs (limit k becomes k (1 + t)), at which <paramref name="combination"/> y no longer proves
    /// infeasibility: the root of g(t) = y b(t) - sum of min(0, y a_i(t)), which rises and is convex, found by Newton's method. Where g is
    /// level, as while nothing has accrued that a limit multiplies and no auction helps yet, the search goes on from the smallest t at
    /// which one does.
    /// </summary>
    /// <param name="problem">The problem.</param>
    /// <param name="rows">Its rows at the present relaxation; their scale applies to the combination.</param>
    /// <param name="combination">Weights of the scaled rows, 0 or more.</param>
    /// <param name="from">A relaxation at which g is negative.</param>
    /// <returns>The root; infinite when g never rises, or beyond all numbers.</returns>
    public static double Least(BidProblem problem, BidRows rows, ReadOnlySpan<double> combination, double from)
    {
        var y = new double[combination.Length];
        for (int r = 0; r < y.Length; r++)
            y[r] = rows.Multiplier(r, combination[r]);
        double t = from;
        for (int step = 0; step < MostSteps; step++)
        {
            Line line = Evaluate(problem, y, t);
            double next = line.Slope > 0 ? Math.Max(from, t - (line.G / line.Slope))
                : line.NextBreak + (Beyond * Math.Max(1, line.NextBreak));
            if (!double.IsFinite(next))
                return double.PositiveInfinity;
            if (Math.Abs(next - t) <= 1e-14 * Math.Max(1, next))
                return next;
            t = next;
        }
        return t;
    }

    /// <summary>
    /// Whether no relaxation at all admits a plan. With the auctions that can be paid for, each won in a small part, every KPI in which
    /// some of them count (or something has accrued) is met at some limit; one in which none counts is met only if its numerator is and
    /// stays 0.
    /// </summary>
    public static bool IsHopeless(BidProblem problem)
    {
        ReadOnlySpan<KpiConstraint> kpis = problem.Goal.Kpis;
        bool hasMoney = problem.Goal.Budget > problem.Accrued.Spent;
        var usable = new bool[problem.Log.Count];
        for (int i = 0; i < usable.Length; i++)
            usable[i] = hasMoney || problem.Log.Cost[i] == 0;
        var countless = new bool[kpis.Length];
        for (int j = 0; j < kpis.Length; j++)
        {
            if (countless[j] || problem.Accrued.Denominator(j) > 0 || Counts(problem.Log.P(j), usable))
                continue;
            if (problem.Accrued.Numerator(j) > 0)
                return true;
            countless[j] = true;
            ReadOnlySpan<double> numerators = kpis[j].Kind == KpiKind.CostRelated ? problem.Log.Cost : problem.Log.Q(j);
            for (int i = 0; i < usable.Length; i++)
                usable[i] &= numerators[i] == 0;
            // With fewer auctions another KPI may have lost its last.
            j = -1;
        }
        return false;
    }

    private static bool Counts(ReadOnlySpan<double> p, bool[] usable)
    {
        for (int i = 0; i < usable.Length; i++)
            if (usable[i] && p[i] > 0)
                return true;
        return false;
    }

    private static Line Evaluate(BidProblem problem, double[] y, double t)
    {
        ReadOnlySpan<KpiConstraint> kpis = problem.Goal.Kpis;
        double g = y[0] * Math.Max(0, problem.Goal.Budget - problem.Accrued.Spent), slope = 0, nextBreak = double.PositiveInfinity;
        for (int j = 0; j < kpis.Length; j++)
        {
            double perUnit = y[j + 1] * kpis[j].Limit * problem.Accrued.Denominator(j);
            g += (perUnit * (1 + t)) - (y[j + 1] * problem.Accrued.Numerator(j));
            slope += perUnit;
        }
        ReadOnlySpan<double> costs = problem.Log.Cost;
        for (int i = 0; i < costs.Length; i++)
        {
            double still = y[0] * costs[i], fall = 0;
            for (int j = 0; j < kpis.Length; j++)
            {
                double numerator = kpis[j].Kind == KpiKind.CostRelated ? costs[i] : problem.Log.Q(j)[i];
                still += y[j + 1] * numerator;
                fall += y[j + 1] * kpis[j].Limit * problem.Log.P(j)[i];
            }
            double term = still - (fall * (1 + t));
            if (term < 0)
            {
                g -= term;
                slope += fall;
            }
            else if (fall > 0)
            {
                nextBreak = Math.Min(nextBreak, (still / fall) - 1);
            }
        }
        return new Line(g, slope, nextBreak);
    }

    /// <summary>g at a relaxation, its slope to the right, and where the slope next grows.</summary>
    private readonly record struct Line(double G, double Slope, double NextBreak);
}
