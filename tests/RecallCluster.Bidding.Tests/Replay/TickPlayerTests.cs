using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Fixed;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Replay;

public sealed class TickPlayerTests
{
    [Fact]
    public void It_wins_what_a_plain_loop_wins()
    {
        AuctionLog log = Logs.TwoKpis(3001, 8);
        CampaignGoal goal = Logs.TwoKpiGoal(log, 0.1);
        var random = new SeededRandom(2);
        for (int round = 0; round < 40; round++)
        {
            var weights = new BidWeights(200 * random.NextDouble(), random.NextDouble(), 0.3 * random.NextDouble());
            double budget = goal.Budget * random.NextDouble();
            TickSums sums = default, wanted = default;
            TickPlayer.Play(log, goal, 3, log.Count, weights, budget, ref sums);
            var formula = new BidFormula(goal.Kpis, weights);
            for (int i = 3; i < log.Count; i++)
            {
                double bid = formula.Bid(log.Value[i], [log.P(0)[i], log.P(1)[i]], [0, log.Q(1)[i]]);
                if (bid <= 0 || bid < log.Cost[i] || wanted.Spent + log.Cost[i] > budget)
                    continue;
                wanted.Wins++;
                wanted.Spent += log.Cost[i];
                wanted.Value += log.Value[i];
                wanted.AddKpi(0, log.Cost[i], log.P(0)[i]);
                wanted.AddKpi(1, log.Q(1)[i], log.P(1)[i]);
            }
            Assert.Equal(log.Count - 3, sums.Auctions);
            Assert.InRange(sums.Wins, wanted.Wins - 1, wanted.Wins + 1);
            Assert.Equal(wanted.Value, sums.Value, 0.002 * wanted.Value + 1e-9);
            Assert.Equal(sums.Numerator(0), sums.Spent, 1e-9);
            Assert.True(sums.Spent <= budget + 1e-9);
        }
    }

    [Fact]
    public void Holding_is_playing_all_that_is_left()
    {
        AuctionLog log = Logs.TwoKpis(2000, 6);
        var day = BidDay.ByShare(log, 10, Logs.TwoKpiGoal(log, 0.3), new BidWeights(60, 0.2, 0.01), null);
        var run = new DayRun(day);
        run.Play(day.Start);
        run.Play(day.Start);
        TickSums held = run.Hold(day.Start);
        while (!run.IsOver)
            run.Play(day.Start);
        Assert.Equal(held.Wins, run.Total.Wins);
        Assert.Equal(held.Value, run.Total.Value, 1e-9);
    }

    [Fact]
    public void Hours_divide_a_log_in_order()
    {
        AuctionLog log = Logs.Clicks([1, 1, 1, 1], [1, 1, 1, 1]);
        BidDay day = BidDay.ByHour(log, [3, 3, 5, 6], new CampaignGoal(2), new BidWeights(2), null);
        Assert.Equal(3, day.Ticks);
        Assert.Equal([0, 2, 3, 4], Enumerable.Range(0, 4).Select(day.FirstOf));
        Assert.Contains(
            "auction 1",
            Assert.Throws<ArgumentException>(() => BidDay.ByHour(log, [3, 2, 5, 6], new CampaignGoal(2), new BidWeights(2), null)).Message,
            StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_day_without_auctions_or_budget_is_a_day()
    {
        foreach (AuctionLog log in new[] { Logs.Clicks([], []), Logs.Clicks([1, 2], [0, 0]), Logs.Clicks([0, 0], [1, 1]) })
        {
            BidDay day = BidDay.ByShare(log, 4, new CampaignGoal(0), new BidWeights(1), null);
            ReplayOutcome outcome = DayReplay.Run(day, new FixedController(day.Start));
            Assert.Equal(1, outcome.Ratio, 1e-12);
            Assert.Equal(0, outcome.Total.Spent);
        }
    }

    [Fact]
    public void A_violated_kpi_takes_points_off()
    {
        AuctionLog log = BidProduct.ClickCpc.Columns(new double[] { 3, 3 }, new double[] { 1, 1 });
        BidDay day = BidDay.ByShare(log, 1, BidProduct.ClickCpc.Goal(100, cpc: 2), new BidWeights(9, 0), null);
        ReplayOutcome outcome = DayReplay.Run(day, new FixedController(day.Start));
        Assert.Equal(0.5, outcome.Kpis[0].Violation, 1e-12);
        Assert.Equal(2 / 2.25, outcome.PenalizedScore, 1e-12);
    }
}
