using System.Diagnostics;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Replay;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Bidding;

namespace RecallCluster.Cli.Workflows;

/// <summary>What <c>bid simulate</c> is asked.</summary>
internal sealed record BidSimulateOptions
{
    public required IReadOnlyList<BidProduct> Products { get; init; }

    public int Campaigns { get; init; } = 30;

    public int Auctions { get; init; } = 8000;

    public int Rounds { get; init; } = 60;

    public required IReadOnlyList<string> Controllers { get; init; }

    public string? Models { get; init; }

    public string? Histogram { get; init; }

    public string? Plots { get; init; }

    public ulong Seed { get; init; }
}

/// <summary>One controller on the campaigns of one product and level: means with 95 % intervals over campaigns.</summary>
/// <remarks>
/// Ratio is R/R*, which a controller can push above 1 by breaking a KPI; PenalizedRatio takes that back. Violation is the mean relative
/// excess, Kept the share of campaigns within 1 % of their limits.
/// </remarks>
internal sealed record BidSimulateRow(
    string Product, string Level, double WeightDeviation, string Controller, int Campaigns, Interval Ratio, Interval PenalizedRatio,
    double BudgetUse, double Violation, double Kept);

/// <summary>A claim of the design, with the number that decides it.</summary>
internal sealed record BidFinding(string Claim, double Figure, string Wanted, bool Holds);

/// <summary>The report of <c>bid simulate</c>.</summary>
internal sealed record BidSimulateReport(
    int Campaigns, int Auctions, string Prices, double TrainSeconds, double ReplaySeconds, IReadOnlyList<BidSimulateRow> Rows,
    IReadOnlyList<BidFinding> Findings, IReadOnlyList<string> Plots);

/// <summary><c>bid simulate</c>: products by levels of deviation, all controllers.</summary>
internal static class BidSimulate
{
    private const int DaysOfDeviation = 6;

    public static string[] DefaultProducts { get; } = ["click", "click-cpc", "conversion-cpc", "click-ctr"];

    private static readonly (string Name, double Deviation)[] Levels = [("low", 0.02), ("middle", 0.1), ("high", 0.25)];

    public static BidSimulateReport Run(BidSimulateOptions options, IStages stages, CancellationToken cancellation)
    {
        PriceShape prices = options.Histogram is null ? PriceShape.LogNormal : PriceShape.OfIpinyouFile(options.Histogram);
        var rows = new List<BidSimulateRow>();
        double trainSeconds = 0, replaySeconds = 0;
        foreach (BidProduct product in options.Products)
        {
            var days = new CampaignDays(new CampaignDaysOptions
            {
                Product = product,
                Prices = prices,
                Auctions = options.Auctions,
                Deviations = [.. Levels.Select(level => level.Deviation)],
            });
            long started = Stopwatch.GetTimestamp();
            IBidControllerFactory[] factories = BidActors.Factories(
                options.Controllers,
                name => BidActors.Of(name, product.Name, options.Models, () => days, options.Rounds, options.Seed, stages, cancellation));
            trainSeconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
            started = Stopwatch.GetTimestamp();
            foreach ((string level, double deviation) in Levels)
                rows.AddRange(stages.Run(
                    $"{product.Name}, {level}",
                    stage => Level(product, level, deviation, days, factories, options, stage, cancellation)));
            replaySeconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
        IReadOnlyList<string> plots = options.Plots is null ? [] : [BidPlots.OfSimulation(options.Plots, rows)];
        return new BidSimulateReport(
            options.Campaigns, options.Auctions, options.Histogram ?? "log-normal", trainSeconds, replaySeconds, rows, BidFindings.Of(rows),
            plots);
    }

    private static List<BidSimulateRow> Level(
        BidProduct product, string level, double deviation, CampaignDays days, IBidControllerFactory[] factories,
        BidSimulateOptions options, IStage stage, CancellationToken cancellation)
    {
        // Other streams than training's, whose seeds are split by small numbers of a generator of the plain seed.
        SeededRandom random = new SeededRandom(options.Seed ^ 0xB1DB1DUL).Split((ulong)(deviation * 1e6));
        var outcomes = new ReplayOutcome[options.Campaigns][];
        var budgets = new double[options.Campaigns];
        var weights = new double[options.Campaigns];
        int done = 0;
        Parallel.For(0, options.Campaigns, new ParallelOptions { CancellationToken = cancellation }, i =>
        {
            BidDay[] drawn = days.Draw(random.Split((ulong)i), deviation, DaysOfDeviation);
            outcomes[i] = Array.ConvertAll(factories, factory => DayReplay.Run(drawn[0], factory.Create(drawn[0].Setting)));
            budgets[i] = drawn[0].Goal.Budget;
            weights[i] = WeightDeviation(drawn);
            stage.Update((double)Interlocked.Increment(ref done) / options.Campaigns, null);
        });
        var rows = new List<BidSimulateRow>();
        for (int f = 0; f < factories.Length; f++)
        {
            ReplayOutcome[] own = [.. outcomes.Select(all => all[f])];
            double[] violations = [.. own.Select(outcome => outcome.Kpis.Sum(kpi => Math.Min(10, kpi.Violation)))];
            rows.Add(new BidSimulateRow(
                product.Name, level, weights.Average(), factories[f].Name, own.Length,
                Mean([.. own.Select(outcome => outcome.Ratio)]), Mean([.. own.Select(outcome => outcome.PenalizedRatio)]),
                own.Select((outcome, i) => outcome.Total.Spent / budgets[i]).Average(), violations.Average(),
                violations.Count(violation => violation <= 0.01) / (double)own.Length));
        }
        return rows;
    }

    /// <summary>
    /// Standard deviation over days of the optimal bid per unit of value (w0 + w1 k for click-cpc), relative to its mean.
    /// </summary>
    private static double WeightDeviation(BidDay[] days)
    {
        double[] weights = [.. days.Where(day => !day.Optimum.Weights.IsUnbounded).Select(PerValue)];
        if (weights.Length < 2)
            return 0;
        double mean = weights.Average();
        return Math.Sqrt(weights.Sum(weight => (weight - mean) * (weight - mean)) / (weights.Length - 1)) / mean;
    }

    private static double PerValue(BidDay day)
    {
        BidWeights weights = day.Optimum.Weights;
        bool isCostPerValue = weights.Count == 1 && day.Goal.Kpis[0].Kind == KpiKind.CostRelated && day.Log.P(0) == day.Log.Value;
        return weights.Value + (isCostPerValue ? weights[0] * day.Goal.Kpis[0].Limit : 0);
    }

    private static Interval Mean(double[] values)
    {
        double mean = values.Average();
        double error = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / Math.Max(1, values.Length - 1) / values.Length);
        return new Interval(mean, mean - (1.96 * error), mean + (1.96 * error));
    }
}

/// <summary>The wishes of the design, held against the rows.</summary>
internal static class BidFindings
{
    private const double Tied = 0.005;

    public static IReadOnlyList<BidFinding> Of(IReadOnlyList<BidSimulateRow> rows)
    {
        if (!rows.Any(row => row.Controller == "uscb"))
            return [];
        double Mean(string controller, string? level = null) =>
            rows.Where(row => row.Controller == controller && (level is null || row.Level == level))
                .Select(row => row.PenalizedRatio.Value).DefaultIfEmpty(double.NaN).Average();
        double behind = rows.GroupBy(row => (row.Product, row.Level))
            .Max(cell => cell.Max(row => row.PenalizedRatio.Value) - cell.First(row => row.Controller == "uscb").PenalizedRatio.Value);
        double overall = Mean("uscb"), high = Mean("uscb", "high"), low = Mean("uscb", "low") - Mean("fb", "low");
        return
        [
            new(
                "USCB is first or tied in every cell (penalised R/R*): largest distance to the first", behind, "at most 0.005",
                behind <= Tied),
            new("USCB over all cells", overall, "at least 0.95", overall >= 0.95),
            new("USCB where days differ much", high, "at least 0.90", high >= 0.90),
            new("USCB less FB where days hardly differ", low, "at least -0.01", low >= -0.01),
            new("M-PID less FB", Mean("m-pid") - Mean("fb"), "above 0", Mean("m-pid") > Mean("fb")),
            new("DRLB less M-PID", Mean("drlb") - Mean("m-pid"), "above 0", Mean("drlb") > Mean("m-pid")),
            new("USCB less DRLB", overall - Mean("drlb"), "above 0", overall > Mean("drlb")),
        ];
    }
}
