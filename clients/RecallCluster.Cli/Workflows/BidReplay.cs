using System.Diagnostics;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Bidding.Training;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Workflows;

/// <summary>What <c>bid replay</c> is asked.</summary>
internal sealed record BidReplayOptions
{
    public required BidLog Log { get; init; }

    public BidLog? Known { get; init; }

    /// <summary>Without <see cref="Known"/>: the first part of the log, which is learned from and not replayed.</summary>
    public double KnownShare { get; init; } = 0.1;

    public required BidGoalChoice Goal { get; init; }

    public required IReadOnlyList<double> BudgetShares { get; init; }

    public required IReadOnlyList<string> Controllers { get; init; }

    public string? Models { get; init; }

    public int Rounds { get; init; } = 50;

    public bool ByHour { get; init; }

    public int Ticks { get; init; } = 48;

    public string? Plots { get; init; }

    public ulong Seed { get; init; }
}

/// <summary>One controller's day at one budget. BidNs is the time of one bid over spans, TickUs of one decision.</summary>
internal sealed record BidReplayRow(
    string Controller, double BudgetShare, double Value, double ValueOptimal, double Ratio, double PenalizedScore, double Spend,
    double Budget,
    IReadOnlyList<KpiReport> Kpi, int Ticks, double BidNs, double TickUs);

/// <summary>R* of the whole log, what was known of it included, at a budget of that share of its total cost.</summary>
internal sealed record BidReplayOptimum(double BudgetShare, double Budget, double Value);

/// <summary>The report of <c>bid replay</c>. Auctions are those that were replayed.</summary>
internal sealed record BidReplayReport(
    string Product, int Auctions, string Known, IReadOnlyList<BidReplayRow> Rows, IReadOnlyList<BidReplayOptimum> WholeLog,
    IReadOnlyList<string> Plots);

/// <summary><c>bid replay</c>: controllers on a logged day.</summary>
internal static class BidReplay
{
    public static BidReplayReport Run(BidReplayOptions options, IStages stages, CancellationToken cancellation)
    {
        if (options.ByHour && options.Log.Hours is null)
            throw new UsageException("--by hour needs a log with hours.");
        AuctionLog whole = options.Goal.Columns(options.Log);
        int learned = options.Known is null ? (int)Math.Ceiling(whole.Count * options.KnownShare) : 0;
        AuctionLog log = whole.Slice(learned, whole.Count - learned);
        AuctionLog known = options.Known is null ? whole.Slice(0, learned) : options.Goal.Columns(options.Known);
        // Actors see many budgets in training, so one serves them all.
        IBidControllerFactory[] factories = BidActors.Factories(
            options.Controllers, name => Actor(name, options, known, log.Count, stages, cancellation));
        double total = Sum(log.Cost), knownTotal = Sum(known.Cost), wholeTotal = Sum(whole.Cost);
        var rows = new List<BidReplayRow>();
        var optima = new List<BidReplayOptimum>();
        var runs = new List<(string Controller, ReplayOutcome Outcome)>();
        foreach (double share in options.BudgetShares)
        {
            CampaignGoal goal = options.Goal.Goal(share * total);
            BidWeights start = BidSolver.Solve(new BidProblem(known, goal.WithBudget(share * knownTotal))).Weights;
            BidDay day = options.ByHour
                ? BidDay.ByHour(log, options.Log.Hours.AsSpan(learned), goal, start, known)
                : BidDay.ByShare(log, options.Ticks, goal, start, known);
            CampaignGoal wholeGoal = options.Goal.Goal(share * wholeTotal);
            optima.Add(new BidReplayOptimum(share, wholeGoal.Budget, BidSolver.Solve(new BidProblem(whole, wholeGoal)).Value));
            double bidNs = BidNanoseconds(day);
            runs.Clear();
            foreach (IBidControllerFactory factory in factories)
            {
                cancellation.ThrowIfCancellationRequested();
                var timed = TimedController.Of(factory.Create(day.Setting));
                ReplayOutcome outcome = stages.Run($"{factory.Name} at {share:G4}", () => DayReplay.Run(day, timed));
                rows.Add(new BidReplayRow(
                    factory.Name, share, outcome.Total.Value, outcome.Optimum, outcome.Ratio, outcome.PenalizedScore, outcome.Total.Spent,
                    goal.Budget, outcome.Kpis, day.Ticks,
                    bidNs, timed.MeanMicroseconds));
                runs.Add((factory.Name, outcome));
            }
        }
        string source = options.Known is null ? $"the first {options.KnownShare:P0} of the log" : $"a log of {known.Count} auctions";
        IReadOnlyList<string> plots = options.Plots is null || runs.Count == 0
            ? []
            : BidPlots.OfReplay(options.Plots, runs, options.BudgetShares[^1] * total, rows);
        return new BidReplayReport(options.Goal.Product.Name, log.Count, source, rows, optima, plots);
    }

    /// <summary>Time of one bid, over the whole log with the vectorised form.</summary>
    internal static double BidNanoseconds(BidDay day)
    {
        if (day.Log.Count == 0)
            return 0;
        var formula = new BidFormula(day.Goal.Kpis, day.Start);
        var bids = new double[Math.Min(day.Log.Count, 4096)];
        double best = double.PositiveInfinity;
        for (int round = 0; round < 5; round++)
        {
            int done = 0;
            long started = Stopwatch.GetTimestamp();
            for (int at = 0; at + bids.Length <= day.Log.Count; at += bids.Length, done += bids.Length)
                formula.Bid(day.Log, at, bids);
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalNanoseconds / done);
        }
        return best;
    }

    private static ActorNetwork Actor(
        string name, BidReplayOptions options, AuctionLog known, int auctions, IStages stages, CancellationToken cancellation)
    {
        LogDaysOptions days = LogDaysOptions.ForDaysOf(auctions) with { Ticks = Math.Clamp(options.Ticks, 2, 96) };
        return BidActors.Of(
            name, options.Goal.Product.Name, options.Models, () => new LogDays(known, options.Goal.Goal(0).Kpis, days),
            options.Rounds, options.Seed, stages, cancellation);
    }

    private static double Sum(ReadOnlySpan<double> column) => System.Numerics.Tensors.TensorPrimitives.Sum(column);
}
