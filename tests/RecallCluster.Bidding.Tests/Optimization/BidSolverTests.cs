using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Optimization;

public sealed class BidSolverTests
{
    [Fact]
    public void A_large_log_is_solved_through_few_of_its_auctions_and_exactly()
    {
        // Above the size at which the solver stops handing everything to the simplex method.
        AuctionLog log = Logs.TwoKpis(120_000, 3);
        CampaignGoal goal = Logs.TwoKpiGoal(log, 0.2);
        BidSolution solution = BidSolver.Solve(new BidProblem(log, goal));
        Assert.Equal(BidStatus.Optimal, solution.Status);
        Assert.True(solution.RelativeGap < 1e-10, $"gap {solution.RelativeGap}");
        Assert.True(solution.Fractional.Count <= 3);
        Assert.True(solution.Spent <= goal.Budget * (1 + 1e-9));
        Assert.All(solution.Kpis, kpi => Assert.True(kpi.Ratio <= kpi.Limit * (1 + 1e-9), $"{kpi}"));
    }

    [Fact]
    public void Its_weights_bid_for_the_plan()
    {
        for (ulong seed = 0; seed < 30; seed++)
        {
            AuctionLog log = Logs.TwoKpis(3000, seed);
            CampaignGoal goal = Logs.TwoKpiGoal(log, 0.05 + (0.03 * seed), 0.7 + (0.02 * seed));
            BidSolution solution = BidSolver.Solve(new BidProblem(log, goal));
            var formula = new BidFormula(goal.Kpis, solution.Weights);
            int boundary = 0;
            for (int i = 0; i < log.Count; i++)
            {
                double bid = formula.Bid(log.Value[i], [log.P(0)[i], log.P(1)[i]], [0, log.Q(1)[i]]);
                bool near = Math.Abs(bid - log.Cost[i]) <= 1e-9 * (bid + log.Cost[i]);
                boundary += near ? 1 : 0;
                if (!near)
                    Assert.Equal(bid > log.Cost[i] ? 1 : 0, solution.Share(i));
            }
            Assert.True(boundary <= 3, $"{boundary} auctions at the boundary");
            double costRelated = solution.Weights[0];
            Assert.InRange(costRelated, 0, 1 + 1e-12);
        }
    }

    [Fact]
    public void The_rest_of_an_optimal_day_has_the_same_optimum()
    {
        for (ulong seed = 0; seed < 10; seed++)
        {
            AuctionLog log = Logs.TwoKpis(4000, 100 + seed);
            CampaignGoal goal = Logs.TwoKpiGoal(log, 0.15);
            var day = new BidProblem(log, goal);
            BidSolution whole = BidSolver.Solve(day);
            foreach (int at in new[] { 0, 37, 400, 1500, 2600 })
            {
                BidSolution rest = BidSolver.Solve(new BidProblem(log.Slice(at, log.Count - at), goal, Logs.Won(day, whole, at)));
                Assert.Equal(whole.Value, rest.Value, 9 * Math.Abs(whole.Value) * 1e-10);
                // Both sets of weights are optimal for the rest, so they part at most where one of them is indifferent: M + 1
                // auctions each.
                Assert.True(Disagreements(log, at, goal, whole.Weights, rest.Weights) <= 6, $"t {at}: {rest.Weights} for {whole.Weights}");
                if (at <= 400)
                    Assert.Equal(1, rest.Weights.Value / whole.Weights.Value, 0.01);
            }
        }
    }

    private static int Disagreements(AuctionLog log, int start, CampaignGoal goal, in BidWeights a, in BidWeights b)
    {
        double[] first = new double[log.Count - start], second = new double[log.Count - start];
        new BidFormula(goal.Kpis, a).Bid(log, start, first);
        new BidFormula(goal.Kpis, b).Bid(log, start, second);
        int count = 0;
        for (int i = 0; i < first.Length; i++)
            count += first[i] >= log.Cost[start + i] == second[i] >= log.Cost[start + i] ? 0 : 1;
        return count;
    }

    [Fact]
    public void Ties_and_duplicates_do_not_stop_it()
    {
        var random = new SeededRandom(5);
        for (int round = 0; round < 400; round++)
        {
            int count = 1 + random.NextInt(60);
            double Small(int most) => random.NextInt(most);
            double[] Column(int most) => [.. Enumerable.Range(0, count).Select(_ => Small(most))];
            var log = new AuctionLog(Column(3), Column(4), [Column(3), Column(2), Column(3)], [default, Column(3), default]);
            var goal = new CampaignGoal(
                Small(2 * count), new KpiConstraint("a", KpiKind.CostRelated, 1), new KpiConstraint("b", KpiKind.Other, 2),
                new KpiConstraint("c", KpiKind.CostRelated, 2));
            BidSolution solution = BidSolver.Solve(new BidProblem(log, goal));
            bool isNothing = solution.Value == 0 && solution.Status == BidStatus.NothingWithinLimits;
            Assert.True(isNothing || solution.Status == BidStatus.Optimal, $"round {round}: {solution.Status}");
            Assert.True(
                Math.Abs(solution.Bound - solution.Value) <= 1e-9 * Math.Max(1, solution.Bound),
                $"round {round}: {solution.Value} of {solution.Bound}");
            Assert.True(solution.Spent <= goal.Budget + 1e-9);
            Assert.All(solution.Kpis, kpi => Assert.True(kpi.Numerator <= (kpi.Limit * kpi.Denominator) + 1e-9, $"round {round}: {kpi}"));
        }
    }

    [Fact]
    public void Identical_auctions_are_shared_out_to_the_budget()
    {
        double[] ones = [.. Enumerable.Repeat(1.0, 50_000)];
        BidSolution solution = BidSolver.Solve(new BidProblem(Logs.Clicks(ones, ones), new CampaignGoal(12_345.25)));
        Assert.Equal(12_345.25, solution.Value, 1e-6);
        Assert.Equal(1, solution.Weights.Value, 1e-9);
    }

    [Fact]
    public void No_auctions_are_worth_nothing()
    {
        BidSolution solution = BidSolver.Solve(new BidProblem(Logs.Clicks([], []), new CampaignGoal(10)));
        Assert.Equal((BidStatus.Optimal, 0.0, 0.0), (solution.Status, solution.Value, solution.Spent));
        Assert.True(solution.Weights.IsUnbounded);
    }

    [Fact]
    public void All_free_means_an_unbounded_weight_and_all_that_has_value()
    {
        BidSolution solution = BidSolver.Solve(new BidProblem(Logs.Clicks([0.1, 0, 0.2], [0, 0, 0]), new CampaignGoal(0)));
        Assert.Equal(0.3, solution.Value, 1e-12);
        Assert.True(solution.Weights.IsUnbounded);
        Assert.Equal(
            "7 0 7", string.Join(" ", new[] { 0.1, 0, 0.2 }.Select(v => new BidFormula([], solution.Weights, cap: 7).Bid(v, [], []))));
    }

    [Fact]
    public void A_budget_of_zero_wins_only_what_is_free()
    {
        BidSolution solution = BidSolver.Solve(new BidProblem(Logs.Clicks([1, 2, 3], [1, 0, 2]), new CampaignGoal(0)));
        Assert.Equal(2, solution.Value, 1e-12);
        Assert.Equal(0, solution.Spent, 1e-12);
    }

    [Fact]
    public void Auctions_without_click_probability_are_left_alone()
    {
        BidSolution solution = BidSolver.Solve(
            new BidProblem(
                BidProduct.ClickCpc.Columns(new double[] { 1, 1, 1 }, new double[] { 0, 0, 0 }), BidProduct.ClickCpc.Goal(10, cpc: 2)));
        Assert.Equal((0.0, 0.0), (solution.Value, solution.Spent));
    }

    [Fact]
    public void A_kpi_out_of_reach_is_said_to_be_and_the_closest_limit_is_kept()
    {
        // 10 were spent on 1 click; the clicks left cost at least 2 each, so 12 / 2 = 6 and then (12 + 3) / 3 = 5 is the best there is.
        AuctionLog log = BidProduct.ClickCpc.Columns(new double[] { 2, 3, 9 }, new double[] { 1, 1, 1 });
        var accrued = new TickSums { Spent = 10, Value = 1 };
        accrued.AddKpi(0, 10, 1);
        BidSolution solution = BidSolver.Solve(new BidProblem(log, BidProduct.ClickCpc.Goal(100, cpc: 4), accrued));
        Assert.Equal(BidStatus.KpiOutOfReach, solution.Status);
        Assert.Equal(5, solution.Kpis[0].LimitKept, 1e-9);
        Assert.Equal(5, solution.Kpis[0].Ratio, 1e-6);
        Assert.Equal(3, solution.Value, 1e-6);
    }

    [Fact]
    public void Where_nothing_can_be_won_within_the_limits_it_says_so_and_which_would_do()
    {
        double[] cost = [2, 3, 9], clicks = [0.01, 0.02, 0.02];
        AuctionLog log = BidProduct.ClickCpc.Columns(cost, clicks);
        var problem = new BidProblem(log, BidProduct.ClickCpc.Goal(100, cpc: 4));
        BidSolution solution = BidSolver.Solve(problem);
        Assert.Equal((BidStatus.NothingWithinLimits, 0.0, 0.0), (solution.Status, solution.Value, solution.Spent));
        Assert.True(solution.RelativeGap < 1e-12, $"gap {solution.RelativeGap}");

        // The cheapest click costs 3 / 0.02.
        Assert.Equal(150.0 / 4, KpiReach.LeastFactor(problem), 1e-9);
        BidProblem Dear(double budget) => new(log, BidProduct.ClickCpc.Goal(budget, cpc: 151));
        Assert.Equal((BidStatus.Optimal, 1.0), (BidSolver.Solve(Dear(100)).Status, KpiReach.LeastFactor(Dear(100))));
        Assert.Equal((BidStatus.Optimal, double.PositiveInfinity), (BidSolver.Solve(Dear(0)).Status, KpiReach.LeastFactor(Dear(0))));
    }

    [Fact]
    public void A_kpi_that_nothing_can_mend_ends_the_bidding()
    {
        AuctionLog log = BidProduct.ClickCpc.Columns(new double[] { 2, 3 }, new double[] { 0, 0 });
        var accrued = new TickSums { Spent = 10 };
        accrued.AddKpi(0, 10, 0);
        BidSolution solution = BidSolver.Solve(new BidProblem(log, BidProduct.ClickCpc.Goal(100, cpc: 4), accrued));
        Assert.Equal(BidStatus.KpiHopeless, solution.Status);
        Assert.Equal(0, new BidFormula(BidProduct.ClickCpc.Goal(1, 4).Kpis, solution.Weights).Bid(1, [1], []));
    }

    [Fact]
    public void Where_nothing_counted_yet_the_limit_is_relaxed_to_the_first_auction_that_helps()
    {
        // 10 were spent and not a click counted; 100 more buy one at 110 a click, and half as much money half of it at 60 / 0.5.
        AuctionLog log = BidProduct.ClickCpc.Columns(new double[] { 100, 400 }, new double[] { 1, 1 });
        var accrued = new TickSums { Spent = 10 };
        accrued.AddKpi(0, 10, 0);
        foreach ((double budget, double limit) in new[] { (1000.0, 110.0), (60.0, 120.0) })
        {
            BidSolution solution = BidSolver.Solve(new BidProblem(log, BidProduct.ClickCpc.Goal(budget, cpc: 4), accrued));
            Assert.Equal(BidStatus.KpiOutOfReach, solution.Status);
            Assert.Equal(1, solution.Kpis[0].LimitKept / limit, 1e-9);
            Assert.Equal(1, solution.Kpis[0].Ratio / limit, 1e-6);
            Assert.Equal(Math.Min(budget, 110), solution.Spent, 1e-6);
        }
    }

    [Fact]
    public void The_least_relaxation_is_what_a_search_finds()
    {
        var random = new SeededRandom(31);
        int relaxed = 0, hopeless = 0;
        for (int round = 0; round < 600; round++)
        {
            int count = 1 + random.NextInt(6);
            double[] Column(int most) => [.. Enumerable.Range(0, count).Select(_ => (double)random.NextInt(most))];
            var log = new AuctionLog(Column(3), Column(5), [Column(2), Column(3)], [default, Column(3)]);
            var goal = new CampaignGoal(
                random.NextInt(8), new KpiConstraint("a", KpiKind.CostRelated, 1), new KpiConstraint("b", KpiKind.Other, 0.5));
            var accrued = new TickSums { Spent = random.NextInt(6) };
            accrued.AddKpi(0, accrued.Spent, random.NextInt(2));
            accrued.AddKpi(1, random.NextInt(3), random.NextInt(2));
            BidSolution solution = BidSolver.Solve(new BidProblem(log, goal, accrued));
            (relaxed, hopeless) = (
                relaxed + (solution.Status == BidStatus.KpiOutOfReach ? 1 : 0), hopeless + (solution.Status == BidStatus.KpiHopeless ? 1 : 0));
            if (solution.Status == BidStatus.KpiHopeless)
            {
                Assert.NotEqual(BidStatus.Optimal, Relaxed(1e4).Status);
                continue;
            }
            double factor = solution.Kpis[0].LimitKept / goal.Kpis[0].Limit;
            Assert.Equal(factor, solution.Kpis[1].LimitKept / goal.Kpis[1].Limit, 1e-9);
            Assert.True(Relaxed(factor * (1 + 1e-7)).Status is BidStatus.Optimal or BidStatus.NothingWithinLimits);
            if (solution.Status == BidStatus.KpiOutOfReach)
                Assert.NotEqual(BidStatus.Optimal, Relaxed(factor * (1 - 1e-7)).Status);

            BidSolution Relaxed(double times) => BidSolver.Solve(new BidProblem(
                log, new CampaignGoal(goal.Budget, [.. goal.Kpis.ToArray().Select(k => new KpiConstraint(k.Name, k.Kind, k.Limit * times))]),
                accrued));
        }
        Assert.True(relaxed > 50 && hopeless > 20, $"{relaxed} relaxed, {hopeless} hopeless");
    }

    [Fact]
    public void Limits_of_any_size_on_the_smallest_logs_come_to_an_end()
    {
        var random = new SeededRandom(77);
        for (int round = 0; round < 2_000; round++)
        {
            int count = 1 + random.NextInt(5);
            double[] Column() => [.. Enumerable.Range(0, count).Select(_ => random.NextInt(3) == 0 ? 0 : random.NextDouble())];
            var log = new AuctionLog(Column(), Column(), [Column(), Column()], [default, Column()]);
            double Limit() => Math.ScaleB(0.1 + random.NextDouble(), random.NextInt(100) - 50);
            var goal = new CampaignGoal(
                Limit(), new KpiConstraint("a", KpiKind.CostRelated, Limit()), new KpiConstraint("b", KpiKind.Other, Limit()));
            var accrued = new TickSums { Spent = random.NextInt(2) * random.NextDouble() };
            accrued.AddKpi(0, accrued.Spent, random.NextInt(2) * random.NextDouble());
            accrued.AddKpi(1, random.NextInt(2) * random.NextDouble(), random.NextInt(2) * random.NextDouble());
            try
            {
                BidSolution solution = BidSolver.Solve(new BidProblem(log, goal, accrued));
                Assert.InRange(solution.Value, accrued.Value, accrued.Value + count);
            }
            catch (ArithmeticException)
            {
                // Refused by name: that is an end, too.
                continue;
            }
        }
    }

    [Fact]
    public void Numbers_too_large_to_add_up_are_refused_by_name()
    {
        string cost = Assert.Throws<ArgumentException>(() => Logs.Clicks([1, 1, 1], [1e308, 1e308, 1e308])).Message;
        Assert.Contains("cost", cost, StringComparison.Ordinal);
        AuctionLog log = BidProduct.ClickCpc.Columns(new double[] { 1, 2 }, new double[] { 100, 200 });
        string limit = Assert.Throws<ArithmeticException>(
            () => BidSolver.Solve(new BidProblem(log, BidProduct.ClickCpc.Goal(10, cpc: 1.5e308)))).Message;
        Assert.Contains("'cpc'", limit, StringComparison.Ordinal);
        Assert.Throws<ArithmeticException>(() => BidSolver.Solve(new BidProblem(Logs.Clicks([1], [double.Epsilon]), new CampaignGoal(1))));
    }

    [Fact]
    public void An_overspent_budget_is_reported()
    {
        BidSolution solution = BidSolver.Solve(
            new BidProblem(Logs.Clicks([1, 1], [1, 0]), new CampaignGoal(5), new TickSums { Spent = 7 }));
        Assert.Equal(2, solution.Overspent);
        Assert.Equal(1, solution.Value);
    }

    [Fact]
    public void Replaying_the_optimal_weights_gains_the_optimum()
    {
        AuctionLog log = Logs.TwoKpis(20_000, 9);
        CampaignGoal goal = Logs.TwoKpiGoal(log, 0.1);
        BidSolution solution = BidSolver.Solve(new BidProblem(log, goal));
        TickSums sums = default;
        TickPlayer.Play(log, goal, 0, log.Count, solution.Weights, goal.Budget, ref sums);
        Assert.InRange(sums.Value / solution.Value, 0.999, 1.001);
        Assert.True(sums.Spent <= goal.Budget);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Numbers_that_are_none_are_refused(double bad)
    {
        Assert.Contains("auction 1", Assert.Throws<ArgumentException>(() => Logs.Clicks([1, bad], [1, 1])).Message);
        Assert.Contains("auction 0", Assert.Throws<ArgumentException>(() => Logs.Clicks([1, 1], [bad, 1])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new CampaignGoal(bad));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KpiConstraint("k", KpiKind.Other, bad));
        Assert.Throws<ArgumentException>(() => new BidProblem(Logs.Clicks([1], [1]), new CampaignGoal(1), new TickSums { Spent = bad }));
    }
}
