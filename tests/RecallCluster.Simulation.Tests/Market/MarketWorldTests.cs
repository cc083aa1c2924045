using RecallCluster.Numerics;
using RecallCluster.Simulation.Market;

namespace RecallCluster.Simulation.Tests.Market;

public class MarketWorldTests
{
    private static MarketWorld World(MarketOptions options, ulong seed = 1) => new(options, new SeededRandom(seed));

    private static IEnumerable<(AuctionBlock Block, int Auction, MarketSegment Segment)> Auctions(MarketWorld world, int day = 0)
    {
        foreach ((_, AuctionBlock? block) in new BlockPipeline(world, 0).Day(day))
            for (int i = 0; i < (block?.Count ?? 0); i++)
                yield return (block!, i, world.SegmentOf(block!.Users[i]));
    }

    // Sums of true and predicted click probabilities of one campaign.
    private static (double Truth, double Prediction) Clicks(MarketWorld world, int campaign)
    {
        double truth = 0, prediction = 0;
        foreach ((AuctionBlock block, int i, MarketSegment segment) in Auctions(world))
        {
            int position = Array.IndexOf(segment.Campaigns, campaign);
            if (position < 0)
                continue;
            truth += world.TrueClick(block.Users[i], position, block.ClickShift);
            prediction += block.Clicks[(i * block.Stride) + position];
        }
        return (truth, prediction);
    }

    [Fact]
    public void Without_bias_and_noise_the_prediction_is_the_truth()
    {
        MarketWorld world = World(new MarketOptions { AuctionsPerDay = 2000, ModelNoise = 0, ClickDayDeviation = 0.3 });
        foreach ((AuctionBlock block, int i, MarketSegment segment) in Auctions(world, 3))
        {
            for (int position = 0; position < segment.Campaigns.Length; position++)
            {
                Assert.Equal(
                    world.TrueClick(block.Users[i], position, block.ClickShift), block.Clicks[(i * block.Stride) + position], 1e-6);
                Assert.Equal(world.TrueConversion(block.Users[i], position), block.Conversions[(i * block.Stride) + position], 1e-6);
            }
        }
    }

    [Fact]
    public void The_public_truth_is_the_one_that_auctions_have()
    {
        MarketWorld world = World(new MarketOptions { AuctionsPerDay = 5000, ClickDayDeviation = 0.3 });
        foreach ((AuctionBlock block, int i, MarketSegment segment) in Auctions(world, 2))
        {
            double hour = Math.Floor(((block.Seconds[i] / 900) - (2 * 96)) + 1e-9) / 4;
            Assert.Equal(
                world.ClickProbability(block.Users[i], segment.Campaigns[0], 2, hour + 0.125),
                world.TrueClick(block.Users[i], 0, block.ClickShift), 1e-9);
            Assert.True(world.Targets(segment.Campaigns[0], block.Users[i]));
        }
    }

    [Fact]
    public void A_campaign_is_over_estimated_as_much_as_was_asked_for()
    {
        var options = new MarketOptions
        {
            AuctionsPerDay = 100_000,
            ModelNoise = 0,
            BiasOfCampaign = new Dictionary<int, double> { [3] = 1.3 },
        };
        (double truth, double prediction) = Clicks(World(options), 3);
        Assert.Equal(1.3, prediction / truth, 0.03);
        (truth, prediction) = Clicks(World(options), 4);
        Assert.Equal(1, prediction / truth, 1e-4);
    }

    [Fact]
    public void Traffic_prices_and_click_rates_drift_by_hour_and_by_day()
    {
        MarketWorld world = World(new MarketOptions
        {
            AuctionsPerDay = 100_000,
            PriceSwing = 0.5,
            PriceDayDeviation = 0.5,
            TrafficDayDeviation = 0.5,
            ClickSwing = 0.5,
        });
        var days = Enumerable.Range(0, 3).Select(day =>
        {
            var hours = new (int Count, double LogPrice, double Shift)[24];
            foreach ((AuctionBlock block, int i, _) in Auctions(world, day))
            {
                int hour = (int)(block.Seconds[i] / 3600) % 24;
                hours[hour] = (hours[hour].Count + 1, hours[hour].LogPrice + Math.Log(block.Rivals[i]), block.ClickShift);
            }
            return hours;
        }).ToArray();
        Assert.All(days, hours => Assert.Equal(9.0, hours[20].Count / (double)hours[3].Count, 0.1));
        Assert.All(days, hours => Assert.Equal(1, (hours[17].LogPrice / hours[17].Count) - (hours[5].LogPrice / hours[5].Count), 0.1));
        Assert.All(days, hours => Assert.Equal(1, hours[17].Shift - hours[5].Shift, 0.05));
        double[] counts = [.. days.Select(hours => (double)hours.Sum(hour => hour.Count))];
        double[] prices = [.. days.Select(hours => hours[12].LogPrice / hours[12].Count)];
        Assert.True(counts.Max() > 1.1 * counts.Min());
        Assert.True(prices.Max() > prices.Min() + 0.1);
    }

    [Fact]
    public void Every_campaign_reaches_as_many_segments_as_it_targets()
    {
        MarketWorld world = World(new MarketOptions { Campaigns = 37, Segments = 10, SegmentsPerCampaign = 3 });
        Assert.All(
            Enumerable.Range(0, 37), campaign => Assert.Equal(3, world.Segments.Count(segment => segment.Campaigns.Contains(campaign))));
        int stranger = Enumerable.Range(0, 1000).First(user => !world.Targets(5, user));
        Assert.Throws<ArgumentException>(() => world.ClickProbability(stranger, 5, 0, 0));
    }

    [Fact]
    public void A_histogram_draws_its_prices_as_often_as_it_counts_them()
    {
        long[] counts = [0, 50, 0, 30, 15, 5, 0];
        var landscape = new HistogramLandscape(counts, 0.01);
        var random = new SeededRandom(4);
        int[] drawn = new int[counts.Length];
        for (int i = 0; i < 100_000; i++)
            drawn[(int)Math.Round(landscape.Draw(random) * 100)]++;
        for (int price = 0; price < counts.Length; price++)
            Assert.InRange(
                drawn[price], (counts[price] * 1000) - (counts[price] > 0 ? 700 : 0),
                (counts[price] * 1000) + (counts[price] > 0 ? 700 : 0));
    }

    [Fact]
    public void A_log_normal_landscape_has_its_median_and_deviation()
    {
        var landscape = new LogNormalLandscape(8, 0.5);
        var random = new SeededRandom(4);
        double[] logs = [.. Enumerable.Range(0, 50_000).Select(_ => Math.Log(landscape.Draw(random)))];
        Assert.Equal(Math.Log(8), logs.Average(), 0.01);
        Assert.Equal(0.25, logs.Average(log => Math.Pow(log - Math.Log(8), 2)), 0.01);
    }

    [Fact]
    public void What_makes_no_sense_is_refused_by_name()
    {
        string Message(MarketOptions options) => Assert.Throws<ArgumentException>(() => World(options)).Message;
        Assert.Contains("SegmentsPerCampaign", Message(new MarketOptions { Segments = 3 }));
        Assert.Contains("TicksPerDay", Message(new MarketOptions { TicksPerDay = 25 }));
        Assert.Contains("Users", Message(new MarketOptions { Users = 0 }));
        Assert.Contains("TrafficByHour", Message(new MarketOptions { TrafficByHour = [1, 2] }));
        Assert.Contains("Floor", Message(new MarketOptions { Floor = double.NaN }));
        Assert.Contains("bias", Message(new MarketOptions { OverallBias = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LogNormalLandscape(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LogNormalLandscape(1, double.NaN));
        Assert.Throws<ArgumentException>(() => new HistogramLandscape([], 1));
        Assert.Throws<ArgumentException>(() => new HistogramLandscape([1, -1], 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HistogramLandscape([1], 0));
    }
}
