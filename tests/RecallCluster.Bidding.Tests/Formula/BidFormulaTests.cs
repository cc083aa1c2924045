using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Formula;

public sealed class BidFormulaTests
{
    private static readonly double[] One = [1];

    [Fact]
    public void The_three_products_bid_as_published()
    {
        const double Pctr = 0.02, Pcvr = 0.1, K = 1.5;
        Assert.Equal(7 * Pctr, Bid(BidProduct.Click, new BidWeights(7), Pctr, Pcvr), 1e-12);
        Assert.Equal((7 + (0.4 * K)) * Pctr, Bid(BidProduct.ClickCpc, new BidWeights(7, 0.4), Pctr, Pcvr), 1e-12);
        Assert.Equal((7 * Pctr * Pcvr) + (0.4 * K * Pctr), Bid(BidProduct.ConversionCpc, new BidWeights(7, 0.4), Pctr, Pcvr), 1e-12);
    }

    [Fact]
    public void A_lower_bound_on_ctr_takes_off_what_an_impression_lacks()
    {
        Assert.Equal((7 * 0.02) - (0.1 * (1 - (0.02 / 0.05))), Bid(BidProduct.ClickCtr, new BidWeights(7, 0.1), 0.02, 0), 1e-12);
        Assert.Equal(0, Bid(BidProduct.ClickCtr, new BidWeights(7, 1), 0.02, 0));
        Assert.Equal(3 - (0.1 * (1 - (0.02 / 0.05))), Bid(BidProduct.ImpressionCtr, new BidWeights(3, 0.1), 0.02, 0), 1e-12);
    }

    [Fact]
    public void Bids_stay_between_zero_and_the_cap()
    {
        Assert.Equal(5, new BidFormula([], new BidWeights(1000), cap: 5).Bid(1, [], []));
        Assert.Equal(0, new BidFormula([], new BidWeights(1000), cap: 5).Bid(0, [], []));
        Assert.Equal(0, new BidFormula([], new BidWeights(1000)).Bid(double.NaN, [], []));
        Assert.Equal(double.PositiveInfinity, new BidFormula([], new BidWeights(1000)).Bid(double.MaxValue, [], []));
    }

    [Fact]
    public void An_infinite_weight_bids_the_cap_where_the_multipliers_leave_something()
    {
        ReadOnlySpan<KpiConstraint> kpis = BidProduct.ClickCtr.Goal(1, ctr: 0.05).Kpis;
        var formula = new BidFormula(kpis, new BidWeights(double.PositiveInfinity, 0.5), cap: 9);
        Assert.Equal(9, formula.Bid(0.06, [0.06], [1]));
        Assert.Equal(0, formula.Bid(0.01, [0.01], [1]));
    }

    [Fact]
    public void Bids_over_spans_are_those_one_by_one()
    {
        AuctionLog log = Logs.TwoKpis(1000, 4);
        CampaignGoal goal = Logs.TwoKpiGoal(log, 0.1);
        var random = new SeededRandom(1);
        for (int round = 0; round < 20; round++)
        {
            double value = round % 5 == 0 ? double.PositiveInfinity : 100 * random.NextDouble();
            var formula = new BidFormula(
                goal.Kpis, new BidWeights(value, random.NextDouble(), 0.01 * random.NextDouble()),
                round % 2 == 0 ? 3 : double.PositiveInfinity);
            var bids = new double[37];
            int start = random.NextInt(900);
            formula.Bid(log, start, bids);
            for (int i = 0; i < bids.Length; i++)
                Assert.Equal(
                    formula.Bid(log.Value[start + i], [log.P(0)[start + i], log.P(1)[start + i]], [0, log.Q(1)[start + i]]), bids[i],
                    1e-12);
        }
    }

    [Fact]
    public void Weights_that_do_not_fit_are_refused()
    {
        CampaignGoal goal = BidProduct.ClickCpc.Goal(1, cpc: 2);
        Assert.Throws<ArgumentException>(() => new BidFormula(goal.Kpis, new BidWeights(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BidWeights(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BidWeights(1, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BidWeights(1, double.PositiveInfinity));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BidFormula(goal.Kpis, new BidWeights(1, 1), cap: -1));
        Assert.Throws<ArgumentException>(() => new BidFormula(goal.Kpis, new BidWeights(1, 1)).Bid(1, [], []));
        Assert.Throws<ArgumentException>(() => BidProduct.ByName("none"));
        Assert.Throws<ArgumentException>(() => BidProduct.ConversionCpc.Columns(One, One));
    }

    private static double Bid(BidProduct product, BidWeights weights, double pctr, double pcvr)
    {
        AuctionLog log = product.Columns(One, new[] { pctr }, new[] { pcvr });
        CampaignGoal goal = product.Goal(1, cpc: 1.5, ctr: 0.05);
        Span<double> p = stackalloc double[log.KpiCount], q = stackalloc double[log.KpiCount];
        for (int j = 0; j < log.KpiCount; j++)
            (p[j], q[j]) = (log.P(j)[0], log.Q(j).IsEmpty ? 0 : log.Q(j)[0]);
        return new BidFormula(goal.Kpis, weights).Bid(log.Value[0], p, q);
    }
}
