using System.Diagnostics;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Drlb;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Control.Uscb;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Cli.Workflows;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Bidding;

namespace RecallCluster.Cli.Benches;

/// <summary>Sizes of <c>bench bid</c>.</summary>
internal sealed record BidBenchOptions
{
    public int Auctions { get; init; } = 1_000_000;

    public int PeerAuctions { get; init; } = 100_000;

    public int Rounds { get; init; } = 5;

    public ulong Seed { get; init; }
}

/// <summary>One linear program; the peer's figures are null where it did not solve it. Difference is relative.</summary>
internal sealed record BidBenchProgram(
    int Auctions, double Ms, double RelativeGap, double? PeerMs, double? PeerOverOurs, double? Difference);

/// <summary>One tick of a controller.</summary>
internal sealed record BidBenchTick(string Controller, double Microseconds, double Bytes);

/// <summary>The report of <c>bench bid</c>.</summary>
internal sealed record BidBenchReport(
    string? Peer, IReadOnlyList<BidBenchProgram> Programs, double BidNs, double SpanBidNs, double ReplayPerSecond,
    IReadOnlyList<BidBenchTick> Ticks);

/// <summary><c>bench bid</c>.</summary>
internal static class BidBench
{
    private const int LeastRounds = 5;

    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(1.5);

    public static BidBenchReport Run(BidBenchOptions options, IProgress<string> progress)
    {
        (AuctionLog log, CampaignGoal goal) = Problem(options.Auctions, options.Seed);
        progress.Report("linear program");
        var programs = new List<BidBenchProgram> { Program(log, goal, options.Rounds, peer: null) };
        string? peerName = null;
        if (options.PeerAuctions > 0)
        {
            progress.Report("linear program beside HiGHS");
            (AuctionLog shared, CampaignGoal sharedGoal) = Problem(options.PeerAuctions, options.Seed + 1);
            HighsPeer? peer = HighsPeer.TryRun(shared, sharedGoal);
            peerName = peer?.Name;
            programs.Add(Program(shared, sharedGoal, options.Rounds, peer));
        }
        progress.Report("bids");
        BidWeights weights = BidSolver.Solve(new BidProblem(log, goal)).Weights;
        double replay = BestOfSmall(options.Rounds, () =>
        {
            TickSums sums = default;
            TickPlayer.Play(log, goal, 0, log.Count, weights, goal.Budget, ref sums);
        });
        progress.Report("controllers");
        return new BidBenchReport(
            peerName, programs, BidNs(log, goal, weights, options.Rounds), SpanBidNs(log, goal, weights, options.Rounds),
            log.Count / (replay / 1000), Ticks(options));
    }

    private static BidBenchProgram Program(AuctionLog log, CampaignGoal goal, int rounds, HighsPeer? peer)
    {
        BidSolution solution = BidSolver.Solve(new BidProblem(log, goal));
        double ms = Best(rounds, () => BidSolver.Solve(new BidProblem(log, goal)));
        return new BidBenchProgram(
            log.Count, ms, solution.RelativeGap, peer?.Ms, peer?.Ms / ms,
            peer is null ? null : Math.Abs(solution.Value - peer.Optimum) / Math.Max(1e-300, peer.Optimum));
    }

    /// <summary>Budget, cost per click and CTR all bind.</summary>
    private static (AuctionLog Log, CampaignGoal Goal) Problem(int count, ulong seed)
    {
        AuctionLog log = SyntheticAuctions.Draw(count, seed);
        return (log, SyntheticAuctions.Goal(log, budget: 0.15, costPerClick: 0.42, impressionsPerClick: 0.45));
    }

    private static double BidNs(AuctionLog log, CampaignGoal goal, BidWeights weights, int rounds)
    {
        var formula = new BidFormula(goal.Kpis, weights);
        int count = Math.Min(log.Count, 4096);
        var p = new double[2 * count];
        for (int i = 0; i < count; i++)
            (p[2 * i], p[(2 * i) + 1]) = (log.P(0)[i], log.P(1)[i]);
        double[] value = log.Value[..count].ToArray(), ones = [1, 1];
        double sum = 0;
        double ms = BestOfSmall(rounds, () =>
        {
            for (int i = 0; i < value.Length; i++)
                sum += formula.Bid(value[i], p.AsSpan(2 * i, 2), ones);
        });
        // The sum is used, so that no bid can be left out.
        return double.IsNaN(sum) ? double.NaN : ms * 1e6 / count;
    }

    private static double SpanBidNs(AuctionLog log, CampaignGoal goal, BidWeights weights, int rounds)
    {
        var formula = new BidFormula(goal.Kpis, weights);
        var bids = new double[Math.Min(log.Count, 4096)];
        return BestOfSmall(rounds, () => formula.Bid(log, 0, bids)) * 1e6 / bids.Length;
    }

    private static List<BidBenchTick> Ticks(BidBenchOptions options)
    {
        // The size of a network decides its speed, not what it learned: one round of training does.
        var days = new CampaignDays(new CampaignDaysOptions { Product = BidProduct.ClickCpc });
        var uscb = new UscbTrainer(
            days, new UscbOptions { Rounds = 1, DaysPerRound = 2, StepsPerRound = 2, ValidationDays = 2 }, new SeededRandom(options.Seed));
        uscb.RunRound();
        var drlb = new DrlbTrainer(
            days, new DrlbOptions { Rounds = 1, Days = 2, DaysPerRound = 2, StepsPerRound = 2, ValidationDays = 2 },
            new SeededRandom(options.Seed));
        drlb.RunRound();
        ActorNetwork Actor(string name) => (name == ControllerCatalogue.Uscb ? uscb.Result : drlb.Result).Network;
        BidDay day = new CampaignDays(new CampaignDaysOptions { Product = BidProduct.ClickCpc, Auctions = 100_000 })
            .Draw(new SeededRandom(options.Seed).Split(7));
        return [.. BidActors.Factories(ControllerCatalogue.Names, Actor).Select(factory => Tick(factory, day))];
    }

    private static BidBenchTick Tick(IBidControllerFactory factory, BidDay day)
    {
        IBidController controller = factory.Create(day.Setting);
        double best = double.PositiveInfinity;
        long bytes = 0;
        long begun = Stopwatch.GetTimestamp();
        for (int round = 0; round < LeastRounds || Stopwatch.GetElapsedTime(begun) < Warm; round++)
        {
            var run = new DayRun(day);
            long elapsed = 0, allocated = 0;
            while (!run.IsOver)
            {
                if (controller is ILogController reader && run.Tick > 0)
                    reader.Observe(day.Log.Slice(day.FirstOf(run.Tick - 1), day.FirstOf(run.Tick) - day.FirstOf(run.Tick - 1)), 1);
                ControlState state = run.State;
                long before = GC.GetAllocatedBytesForCurrentThread(), started = Stopwatch.GetTimestamp();
                BidWeights weights = controller.Decide(state);
                elapsed += Stopwatch.GetTimestamp() - started;
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                run.Play(weights);
            }
            best = Math.Min(best, Stopwatch.GetElapsedTime(0, elapsed).TotalMicroseconds / day.Ticks);
            bytes = allocated / day.Ticks;
        }
        return new BidBenchTick(factory.Name, best, bytes);
    }

    /// <summary>Of something short: long enough for the optimising compiler, which works beside, to have come to it.</summary>
    private static double BestOfSmall(int rounds, Action action)
    {
        double best = double.PositiveInfinity;
        for (long begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < Warm;)
            best = Math.Min(best, Best(rounds, action));
        return best;
    }

    private static double Best(int rounds, Action action)
    {
        double best = double.PositiveInfinity;
        for (int round = 0; round < rounds; round++)
        {
            long started = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        return best;
    }
}
