using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Bidding;

namespace RecallCluster.Simulation.Tests.Bidding;

public sealed class CampaignDaysTests
{
    [Fact]
    public void Equal_seeds_make_equal_days()
    {
        CampaignDays days = Days(BidProduct.ConversionCpc);
        BidDay a = days.Draw(new SeededRandom(4)), b = days.Draw(new SeededRandom(4)), c = days.Draw(new SeededRandom(5));
        Assert.Equal(a.Log.Value.ToArray(), b.Log.Value.ToArray());
        Assert.Equal(a.Goal.Budget, b.Goal.Budget);
        Assert.NotEqual(a.Goal.Budget, c.Goal.Budget);
    }

    [Fact]
    public void Optimal_weights_differ_from_day_to_day_as_asked()
    {
        CampaignDays days = Days(BidProduct.Click);
        double before = 0;
        foreach (double deviation in new[] { 0.02, 0.1, 0.25 })
        {
            double sum = 0;
            for (ulong seed = 0; seed < 12; seed++)
            {
                double[] weights = [.. days.Draw(new SeededRandom(seed), deviation, 6).Select(day => Math.Log(day.Optimum.Weights.Value))];
                sum += Math.Sqrt(weights.Select(w => Math.Pow(w - weights.Average(), 2)).Sum() / 5);
            }
            double mean = sum / 12;
            Assert.InRange(mean, before * 1.5, 5 * deviation);
            before = mean;
        }
    }

    [Fact]
    public void Every_product_has_days_whose_optimum_keeps_budget_and_kpi()
    {
        foreach (BidProduct product in BidProduct.All)
        {
            int bound = 0;
            for (ulong seed = 0; seed < 8; seed++)
            {
                BidDay day = Days(product).Draw(new SeededRandom(seed));
                Assert.Equal(BidStatus.Optimal, day.Optimum.Status);
                Assert.True(day.Optimum.Spent <= day.Goal.Budget * (1 + 1e-9));
                Assert.All(day.Optimum.Kpis, kpi => Assert.True(kpi.Numerator <= kpi.Limit * kpi.Denominator * (1 + 1e-9)));
                bound += day.Optimum.Kpis.Count(kpi => kpi.Multiplier > 0);
                Assert.Equal(48, day.Ticks);
                Assert.Equal(1, day.ElapsedAt(48));
            }
            Assert.True(product == BidProduct.Click || bound > 0, $"no KPI binds for {product.Name}");
        }
    }

    [Fact]
    public void A_histogram_gives_its_prices()
    {
        PriceShape shape = PriceShape.OfHistogram([0, 1, 0, 3]);
        var random = new SeededRandom(1);
        double[] prices = [.. Enumerable.Range(0, 20_000).Select(_ => shape.Draw(random))];
        Assert.Equal(1, prices.Average(), 0.02);
        Assert.Equal(0.75, prices.Count(price => price > 1) / 20_000.0, 0.02);
        Assert.Throws<ArgumentException>(() => PriceShape.OfHistogram([5, 0]));
        Assert.Throws<ArgumentException>(() => PriceShape.OfHistogram([0, -1]));
    }

    [Fact]
    public void A_file_without_a_histogram_is_named()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, """{"clk_train": 3}""");
        Assert.Contains(path, Assert.Throws<InvalidDataException>(() => PriceShape.OfIpinyouFile(path)).Message);
        File.Delete(path);
    }

    private static CampaignDays Days(BidProduct product) => new(new CampaignDaysOptions { Product = product, Auctions = 3000 });
}
