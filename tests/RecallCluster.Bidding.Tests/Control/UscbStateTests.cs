using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Uscb;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Bidding.Training;

namespace RecallCluster.Bidding.Tests.Control;

public sealed class UscbStateTests
{
    [Fact]
    public void The_window_tells_what_other_weights_would_have_brought()
    {
        AuctionLog log = Logs.TwoKpis(20 * 150, 5);
        CampaignGoal goal = Logs.TwoKpiGoal(log, 0.2);
        BidWeights weights = BidSolver.Solve(new BidProblem(log, goal)).Weights;
        var recent = new RecentAuctions(goal.Kpis);
        for (int tick = 0; tick < 20; tick++)
            recent.Observe(log.Slice(150 * tick, 150), 1);
        Assert.Equal(150.0 * RecentAuctions.Ticks, recent.Count);
        recent.Play(weights, out TickSums all, out TickSums last);
        Same(Played(20 - RecentAuctions.Ticks), all);
        Same(Played(20 - RecentAuctions.ShortTicks), last);
        recent.Clear();
        recent.Play(weights, out all, out _);
        Assert.Equal(0, all.Spent);

        TickSums Played(int fromTick)
        {
            TickSums sums = default;
            TickPlayer.Play(log, goal, 150 * fromTick, log.Count, weights, double.MaxValue, ref sums);
            return sums;
        }

        static void Same(in TickSums wanted, in TickSums sums)
        {
            // Single precision: an auction at the very border may fall on its other side.
            Assert.InRange(sums.Wins, wanted.Wins - 1, wanted.Wins + 1);
            Assert.Equal(1, sums.Spent / wanted.Spent, 0.01);
            Assert.Equal(1, sums.Value / wanted.Value, 0.01);
            for (int j = 0; j < 2; j++)
            {
                Assert.Equal(1, sums.Numerator(j) / wanted.Numerator(j), 0.01);
                Assert.Equal(1, sums.Denominator(j) / wanted.Denominator(j), 0.01);
            }
        }
    }

    [Fact]
    public void Long_ticks_are_thinned_and_stand_for_all()
    {
        AuctionLog log = Logs.TwoKpis(60_000, 6);
        CampaignGoal goal = Logs.TwoKpiGoal(log, 0.2);
        BidWeights weights = BidSolver.Solve(new BidProblem(log, goal)).Weights;
        var recent = new RecentAuctions(goal.Kpis);
        for (int tick = 0; tick < RecentAuctions.Ticks; tick++)
            recent.Observe(log.Slice(5000 * tick, 5000), 2);
        recent.Play(weights, out TickSums all, out _);
        TickSums whole = default;
        TickPlayer.Play(log, goal, 0, log.Count, weights, double.MaxValue, ref whole);
        Assert.Equal(120_000.0, recent.Count, 1e-6);
        Assert.InRange(recent.Held, 1000, 10_000);
        Assert.Equal(2, all.Spent / whole.Spent, 0.4);
        Assert.Equal(2, all.Value / whole.Value, 0.4);
    }

    [Fact]
    public void A_weight_that_is_not_cost_related_follows_w0()
    {
        AuctionLog log = Logs.TwoKpis(2000, 7);
        CampaignGoal goal = Logs.TwoKpiGoal(log, 0.2);
        var start = new BidWeights(10, 0.3, 0.05);
        var steps = new WeightSteps(new ControllerSetting(goal, start, log), start);
        BidWeights raised = steps.Apply(start, [1, 0, 0]), stricter = steps.Apply(start, [0, 0, 1]), highest = start;
        double factor = Math.Exp(WeightSteps.Largest);
        Assert.Equal(10 * factor, raised.Value, 1e-9);
        Assert.Equal(0.3, raised[0], 1e-9);
        Assert.Equal(0.05 * factor, raised[1], 1e-9);
        Assert.Equal(10, stricter.Value, 1e-9);
        Assert.Equal(0.05 * factor, stricter[1], 1e-9);
        for (int i = 0; i < 100; i++)
            highest = steps.Apply(highest, [1, 1, 1]);
        Assert.Equal(1, highest[0], 1e-9);
        Assert.True(double.IsFinite(highest.Value) && double.IsFinite(highest[1]));
    }

    [Fact]
    public void More_than_the_optimum_is_no_more_than_a_broken_kpi()
    {
        AuctionLog log = Logs.TwoKpis(2000, 8);
        AuctionLog clicks = BidProduct.ClickCpc.Columns(log.Cost.ToArray(), log.P(0).ToArray());
        // A limit so low that little can be won within it, and any factor of that without.
        CampaignGoal goal = BidProduct.ClickCpc.Goal(Logs.Sum(log.Cost), cpc: 0.05 * Logs.Sum(log.Cost) / Logs.Sum(log.P(0)));
        BidDay day = BidDay.ByShare(clicks, 24, goal, new BidWeights(1, 1), null);
        TickSums all = default;
        TickPlayer.Play(clicks, goal, 0, clicks.Count, new BidWeights(1e9, 1), double.MaxValue, ref all);
        Assert.True(DayScore.Share(day, all.Value) > 4);
        Assert.Equal(-0.25, new DayScore(Growth: 3, Cap: 2).Of(day, all));
        Assert.Equal(0, new DayScore(Growth: 3, Cap: 2).Of(day, default));
    }
}
