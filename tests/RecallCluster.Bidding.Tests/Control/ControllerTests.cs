using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Dual;
using RecallCluster.Bidding.Control.Fixed;
using RecallCluster.Bidding.Control.Pid;
using RecallCluster.Bidding.Control.Replan;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;

namespace RecallCluster.Bidding.Tests.Control;

public sealed class ControllerTests
{
    public static TheoryData<string> Moving => ["pid", "m-pid", "dual", "replan"];

    [Theory]
    [MemberData(nameof(Moving))]
    public void A_bad_start_is_mended(string name)
    {
        // Twice or half of what the day wants: holding it wastes the budget or leaves it.
        foreach (double error in new[] { 0.4, 2.5 })
        {
            AuctionLog log = Click(20_000, 1), history = Click(20_000, 2);
            CampaignGoal goal = new(0.1 * Logs.Sum(log.Cost));
            double right = BidSolver.Solve(new BidProblem(log, goal)).Weights.Value;
            BidDay day = BidDay.ByShare(log, 48, goal, new BidWeights(right * error), history);
            ReplayOutcome moved = DayReplay.Run(day, Factory(name).Create(day.Setting));
            ReplayOutcome held = DayReplay.Run(day, new FixedController(day.Start));
            Assert.True(moved.Ratio > held.Ratio + 0.03, $"{name} at {error}: {moved.Ratio:F4}, held {held.Ratio:F4}");
            Assert.True(moved.Total.Spent <= goal.Budget);
        }
    }

    [Theory]
    [MemberData(nameof(Moving))]
    public void A_right_start_is_hardly_spoilt(string name)
    {
        AuctionLog log = Click(20_000, 3);
        CampaignGoal goal = new(0.1 * Logs.Sum(log.Cost));
        BidDay day = BidDay.ByShare(log, 48, goal, BidSolver.Solve(new BidProblem(log, goal)).Weights, log);
        ReplayOutcome outcome = DayReplay.Run(day, Factory(name).Create(day.Setting));
        Assert.True(outcome.Ratio > 0.95, $"{name}: {outcome.Ratio:F4}");
    }

    [Theory]
    // A linear model of the response, measured at the start, costs M-PID value far away from it.
    [InlineData("m-pid", 0.8)]
    [InlineData("dual", 0.85)]
    [InlineData("replan", 0.85)]
    public void A_kpi_is_kept_about_as_asked(string name, double wanted)
    {
        AuctionLog log = Logs.TwoKpis(20_000, 11), history = Logs.TwoKpis(20_000, 12);
        CampaignGoal goal = Logs.TwoKpiGoal(log, 0.2);
        BidDay day = BidDay.ByShare(log, 48, goal, BidSolver.Solve(new BidProblem(history, goal)).Weights, history);
        ReplayOutcome outcome = DayReplay.Run(day, Factory(name).Create(day.Setting));
        Assert.All(outcome.Kpis, kpi => Assert.True(kpi.Violation < 0.05, $"{name}: {kpi}"));
        Assert.True(outcome.PenalizedRatio > wanted, $"{name}: {outcome.PenalizedRatio:F4}");
    }

    [Theory]
    [InlineData("pid")]
    [InlineData("m-pid")]
    public void Without_a_history_a_broken_bound_makes_its_weight_grow(string name)
    {
        var goal = new CampaignGoal(100, new KpiConstraint("1/ctr", KpiKind.Other, 50));
        IBidController controller = Factory(name).Create(new ControllerSetting(goal, new BidWeights(10, 0.1)));
        var begin = new ControlState
        {
            Tick = 0, Ticks = 10, Elapsed = 0, TickShare = 0.1, Budget = 100, Total = default, Last = default, Weights = new BidWeights(10, 0.1),
        };
        BidWeights first = controller.Decide(begin);
        var sums = new TickSums { Auctions = 1000, Wins = 1000, Spent = 10, Value = 10 };
        sums.AddKpi(0, 1000, 10);

        BidWeights second = controller.Decide(begin with { Tick = 1, Elapsed = 0.1, Total = sums, Last = sums, Weights = first });

        Assert.True(second[0] > first[0], $"{name}: {first} -> {second}");
    }

    [Theory]
    [InlineData("pid")]
    [InlineData("m-pid")]
    public void Free_wins_do_not_keep_the_bids_down(string name)
    {
        // Nothing was paid yet, so the cost per click could not be farther below its limit, and the budget lies idle.
        var goal = new CampaignGoal(100, new KpiConstraint("cpc", KpiKind.CostRelated, 2));
        IBidController controller = Factory(name).Create(new ControllerSetting(goal, new BidWeights(1, 0.5)));
        var begin = new ControlState
        {
            Tick = 0, Ticks = 10, Elapsed = 0, TickShare = 0.1, Budget = 100, Total = default, Last = default, Weights = new BidWeights(1, 0.5),
        };
        BidWeights first = controller.Decide(begin);
        var sums = new TickSums { Auctions = 1000, Wins = 50, Spent = 0, Value = 5 };
        sums.AddKpi(0, 0, 5);

        BidWeights second = controller.Decide(begin with { Tick = 1, Elapsed = 0.1, Total = sums, Last = sums, Weights = first });

        Assert.True(second.Value > first.Value, $"{name}: {first} -> {second}");
    }

    [Theory]
    [MemberData(nameof(Moving))]
    public void Odd_days_end(string name)
    {
        AuctionLog[] logs =
            [Logs.Clicks([], []), Logs.Clicks([1, 1, 1], [0, 0, 0]), Logs.Clicks([0, 0, 0], [1, 2, 3]), Click(7, 5)];
        foreach (AuctionLog log in logs)
            foreach (double budget in new[] { 0, 1, 1e300 })
                foreach (double start in new[] { 0, 1, double.PositiveInfinity })
                {
                    BidDay day = BidDay.ByShare(log, 4, new CampaignGoal(budget), new BidWeights(start), null);
                    ReplayOutcome outcome = DayReplay.Run(day, Factory(name).Create(day.Setting));
                    Assert.True(outcome.Total.Spent <= budget);
                    Assert.All(outcome.Trace, tick => Assert.False(double.IsNaN(tick.Weights.Value)));
                }
    }

    [Theory]
    [MemberData(nameof(Moving))]
    public void A_second_day_is_begun_afresh(string name)
    {
        AuctionLog log = Logs.TwoKpis(5000, 20);
        BidDay day = BidDay.ByShare(log, 24, Logs.TwoKpiGoal(log, 0.2), new BidWeights(50, 0.3, 0.02), log);
        IBidController controller = Factory(name).Create(day.Setting);
        ReplayOutcome first = DayReplay.Run(day, controller), second = DayReplay.Run(day, controller);
        Assert.Equal(first.Total.Value, second.Total.Value);
    }

    private static AuctionLog Click(int count, ulong seed)
    {
        AuctionLog log = Logs.TwoKpis(count, seed);
        return Logs.Clicks(log.P(0).ToArray(), log.Cost.ToArray());
    }

    private static IBidControllerFactory Factory(string name) => name switch
    {
        "pid" => new PidControllerFactory(),
        "m-pid" => new MultivariablePidControllerFactory(),
        "dual" => new DualControllerFactory(),
        _ => new ReplanControllerFactory(),
    };
}
