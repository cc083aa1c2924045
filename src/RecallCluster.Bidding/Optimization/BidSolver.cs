using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Optimization;

/// <summary>
/// Solves a <see cref="BidProblem"/> exactly. The dual has one variable for each constraint only, so a sample tells it to a percent;
/// auctions whose reduced value is far from 0 at that estimate are taken as decided, the few near the boundary are left to the simplex
/// method (<see cref="DualSimplex"/>), and a pass over all auctions confirms the decided ones or hands them back.
/// <code>
///   sample ──► multipliers ──► band of undecided auctions ──► simplex ──► multipliers ──► all decided rightly? ──► optimum
///                                     ▲                                                        │ no
///                                     └────────────────────────────────────────────────────────┘
/// </code>
/// </summary>
public static class BidSolver
{
    private const double FirstStep = 1e-12, StepGrowth = 1.02;
    private const int UsualRounds = 100;

    /// <summary>The optimum, or where a KPI is out of reach the optimum with all limits relaxed by the least common factor.</summary>
    /// <exception cref="ArithmeticException">
    /// The numbers of the log are too far apart in size, or too large or too small, to be solved in double precision.
    /// </exception>
    public static BidSolution Solve(BidProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        int iterations = 0;
        double relaxation = 0, least = FirstStep;
        // Every round finds a combination of rows that forbids the present relaxation; there are finitely many. Where rounding keeps one
        // from being left behind, ever longer steps do.
        for (int round = 0; ; round++)
        {
            var rows = new BidRows(problem, relaxation);
            var search = new BandSearch(problem, rows);
            bool feasible = search.TrySolve();
            iterations += search.Iterations;
            if (feasible)
                return Report(problem, rows, search, relaxation, iterations);
            if (relaxation == 0 && KpiRelaxation.IsHopeless(problem))
                return Nothing(problem, iterations);
            double next = KpiRelaxation.Least(problem, rows, search.InfeasibleCombination, relaxation);
            if (double.IsPositiveInfinity(next))
                return Nothing(problem, iterations);
            double stepped = relaxation == 0 ? least : relaxation * (1 + least);
            least *= round < UsualRounds ? 1 : StepGrowth;
            relaxation = Math.Max(next, stepped) * (1 + 1e-13);
            if (!double.IsFinite(relaxation))
                return Nothing(problem, iterations);
        }
    }

    private static BidSolution Report(BidProblem problem, BidRows rows, BandSearch search, double relaxation, int iterations)
    {
        FractionalAuction[] fractional = [.. search.Fractional().OrderBy(fraction => fraction.Auction)];
        ReadOnlySpan<double> multipliers = search.Multipliers;
        ReadOnlySpan<KpiConstraint> kpis = problem.Goal.Kpis;
        var dual = new double[multipliers.Length];
        for (int r = 0; r < dual.Length; r++)
            dual[r] = rows.Multiplier(r, multipliers[r]);
        var outcomes = new KpiOutcome[kpis.Length];
        for (int j = 0; j < kpis.Length; j++)
        {
            ReadOnlySpan<double> numerators = kpis[j].Kind == KpiKind.CostRelated ? problem.Log.Cost : problem.Log.Q(j);
            outcomes[j] = new KpiOutcome(
                kpis[j].Name, kpis[j].Limit, rows.Limits[j],
                problem.Accrued.Numerator(j) + Total(numerators, search.Won, fractional),
                problem.Accrued.Denominator(j) + Total(problem.Log.P(j), search.Won, fractional), dual[j + 1]);
        }
        double value = Total(problem.Log.Value, search.Won, fractional);
        return new BidSolution(search.Won)
        {
            Status = relaxation > 0 ? BidStatus.KpiOutOfReach
                : value == 0 && AreLimitsTooStrict(problem) ? BidStatus.NothingWithinLimits : BidStatus.Optimal,
            Weights = WeightsOf(dual, kpis),
            Value = problem.Accrued.Value + value,
            ValueUnit = 1 / rows.ValueScale,
            Bound = problem.Accrued.Value + (search.DualValue / rows.ValueScale),
            Spent = problem.Accrued.Spent + Total(problem.Log.Cost, search.Won, fractional),
            BudgetMultiplier = dual[0],
            Overspent = Math.Max(0, problem.Accrued.Spent - problem.Goal.Budget),
            Kpis = outcomes,
            Fractional = fractional,
            Iterations = iterations,
        };
    }

    /// <summary>Whether of a plan that wins nothing the limits are the reason, not what has accrued, the budget or the auctions.</summary>
    private static bool AreLimitsTooStrict(BidProblem problem)
    {
        for (int j = 0; j < problem.Goal.Kpis.Length; j++)
            if (problem.Accrued.Numerator(j) > 0 || problem.Accrued.Denominator(j) > 0)
                return false;
        return !problem.Goal.Kpis.IsEmpty && KpiReach.HasPrize(problem);
    }

    /// <summary>w0 = 1 / L, w_j = l_j / L with L the multipliers of all that is counted in cost.</summary>
    internal static BidWeights WeightsOf(ReadOnlySpan<double> dual, ReadOnlySpan<KpiConstraint> kpis)
    {
        double scarcity = dual[0];
        for (int j = 0; j < kpis.Length; j++)
            if (kpis[j].Kind == KpiKind.CostRelated)
                scarcity += dual[j + 1];
        Span<double> weights = stackalloc double[kpis.Length];
        for (int j = 0; j < kpis.Length; j++)
            weights[j] = scarcity > 0 ? dual[j + 1] / scarcity : dual[j + 1];
        return new BidWeights(scarcity > 0 ? 1 / scarcity : double.PositiveInfinity, weights);
    }

    private static BidSolution Nothing(BidProblem problem, int iterations)
    {
        ReadOnlySpan<KpiConstraint> kpis = problem.Goal.Kpis;
        var outcomes = new KpiOutcome[kpis.Length];
        for (int j = 0; j < kpis.Length; j++)
            outcomes[j] = new KpiOutcome(
                kpis[j].Name, kpis[j].Limit, double.PositiveInfinity, problem.Accrued.Numerator(j), problem.Accrued.Denominator(j), 0);
        return new BidSolution(new byte[problem.Log.Count])
        {
            Status = BidStatus.KpiHopeless,
            Weights = new BidWeights(0, new double[kpis.Length]),
            Value = problem.Accrued.Value,
            Bound = problem.Accrued.Value,
            Spent = problem.Accrued.Spent,
            BudgetMultiplier = 0,
            Overspent = Math.Max(0, problem.Accrued.Spent - problem.Goal.Budget),
            Kpis = outcomes,
            Fractional = [],
            Iterations = iterations,
        };
    }

    private static double Total(ReadOnlySpan<double> column, ReadOnlySpan<byte> won, FractionalAuction[] fractional)
    {
        double sum = 0;
        for (int i = 0; i < column.Length; i++)
            sum += won[i] * column[i];
        foreach (FractionalAuction fraction in fractional)
            sum += fraction.Share * column[fraction.Auction];
        return sum;
    }
}
