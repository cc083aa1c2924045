using System.Diagnostics;
using System.Globalization;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Workflows;

/// <summary>What <c>bid solve</c> is asked.</summary>
internal sealed record BidSolveOptions
{
    public required BidLog Log { get; init; }

    public required BidGoalChoice Goal { get; init; }

    public double? Budget { get; init; }

    public double? BudgetShare { get; init; }

    public IReadOnlyList<string> Kpis { get; init; } = [];

    public string? Objective { get; init; }

    public double Spent { get; init; }

    public double Value { get; init; }

    public IReadOnlyList<double> KpiSums { get; init; } = [];
}

/// <summary>
/// A KPI of the optimal plan. LimitNeeded is told where nothing can be won within the limits: one with which something can, of a single KPI
/// the closest.
/// </summary>
internal sealed record BidSolveKpi(
    string Name, double Value, double Limit, double LimitKept, double? LimitNeeded, double Weight, double Multiplier);

/// <summary>The report of <c>bid solve</c>. WeightValue is w0, null when it is infinite.</summary>
internal sealed record BidSolveReport(
    int Auctions, BidStatus Status, double Value, double Bound, double RelativeGap, double Spent, double Budget, double Overspent,
    double WeightValue, bool Unbounded,
    double BudgetMultiplier, IReadOnlyList<BidSolveKpi> Kpi, IReadOnlyList<FractionalAuction> Fractional, int Iterations, double SolveMs);

/// <summary><c>bid solve</c>: the optimum of a log.</summary>
internal static class BidSolve
{
    public static BidSolveReport Run(BidSolveOptions options)
    {
        double total = options.Log.Cost.Sum();
        if (options.Budget is null == options.BudgetShare is null)
            throw new UsageException("give either --budget or --budget-share.");
        double budget = options.Budget ?? options.BudgetShare!.Value * total;
        if (!(budget >= 0) || !double.IsFinite(budget))
            throw new UsageException($"a budget of {budget} is none.");
        (AuctionLog log, CampaignGoal goal) = Problem(options, budget);
        long started = Stopwatch.GetTimestamp();
        var problem = new BidProblem(log, goal, Accrued(options, goal));
        BidSolution solution = BidSolver.Solve(problem);
        double solveMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        double? factor = solution.Status == BidStatus.NothingWithinLimits ? KpiReach.LeastFactor(problem) : null;
        return new BidSolveReport(
            log.Count, solution.Status, solution.Value, solution.Bound, solution.RelativeGap, solution.Spent, budget, solution.Overspent,
            solution.Weights.Value, solution.Weights.IsUnbounded, solution.BudgetMultiplier,
            [.. solution.Kpis.Select(
                (kpi, j) => new BidSolveKpi(
                    kpi.Name, kpi.Ratio, kpi.Limit, kpi.LimitKept, factor * kpi.Limit, solution.Weights[j], kpi.Multiplier))],
            solution.Fractional, solution.Iterations, solveMs);
    }

    private static (AuctionLog Log, CampaignGoal Goal) Problem(BidSolveOptions options, double budget)
    {
        if (options.Kpis.Count == 0 && options.Objective is null)
            return (options.Goal.Columns(options.Log), options.Goal.Goal(budget));
        var constraints = new List<KpiConstraint>();
        var p = new List<ReadOnlyMemory<double>>();
        var q = new List<ReadOnlyMemory<double>>();
        foreach (string spec in options.Kpis)
        {
            string[] parts = spec.Split(',', StringSplitOptions.TrimEntries);
            if (parts.Length is not (3 or 4)
                || !double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double limit)
                || !(limit > 0) || !double.IsFinite(limit))
                throw new UsageException($"--kpi wants NAME,LIMIT,P or NAME,LIMIT,P,Q with a limit above 0, not {spec}.");
            constraints.Add(new KpiConstraint(parts[0], parts.Length == 3 ? KpiKind.CostRelated : KpiKind.Other, limit));
            p.Add(Evaluate(options.Log, parts[2]));
            q.Add(parts.Length == 4 ? Evaluate(options.Log, parts[3]) : default);
        }
        return (
            new AuctionLog(Evaluate(options.Log, options.Objective ?? "pctr"), options.Log.Cost, [.. p], [.. q]),
            new CampaignGoal(budget, [.. constraints]));
    }

    /// <summary>A product of columns and ones.</summary>
    private static double[] Evaluate(BidLog log, string expression)
    {
        var result = new double[log.Count];
        Array.Fill(result, 1);
        foreach (string factor in expression.Split('*', StringSplitOptions.TrimEntries))
        {
            if (factor == "1")
                continue;
            double[] column = factor == "cost" ? log.Cost : log.Columns.TryGetValue(factor, out double[]? found) ? found
                : throw new UsageException($"the log has no column '{factor}'; it has cost, {string.Join(", ", log.Columns.Keys)}.");
            for (int i = 0; i < result.Length; i++)
                result[i] *= column[i];
        }
        return result;
    }

    private static TickSums Accrued(BidSolveOptions options, CampaignGoal goal)
    {
        if (options.KpiSums.Count != 0 && options.KpiSums.Count != 2 * goal.Kpis.Length)
            throw new UsageException(
                $"--kpi-sums wants numerator and denominator of {goal.Kpis.Length} KPIs, not {options.KpiSums.Count} numbers.");
        var sums = new TickSums { Spent = options.Spent, Value = options.Value };
        for (int j = 0; 2 * j < options.KpiSums.Count; j++)
            sums.AddKpi(j, options.KpiSums[2 * j], options.KpiSums[(2 * j) + 1]);
        return sums;
    }
}
