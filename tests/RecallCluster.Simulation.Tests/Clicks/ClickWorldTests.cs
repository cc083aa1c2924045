using RecallCluster.Numerics;
using RecallCluster.Simulation.Clicks;

namespace RecallCluster.Simulation.Tests.Clicks;

public class ClickWorldTests
{
    private static ClickLog Make(ClickWorldOptions options, ulong seed = 1, int impressions = 200_000, double from = 0, double to = 24) =>
        new ClickWorld(options, new SeededRandom(seed)).Generate(impressions, from, to, new SeededRandom(seed + 1));

    private static double Pcoc(ClickLog log, Func<int, bool> of)
    {
        double predicted = 0, truth = 0;
        for (int i = 0; i < log.Count; i++)
        {
            if (!of(i))
                continue;
            predicted += log.Predictions[i];
            truth += log.Truths[i];
        }
        return predicted / truth;
    }

    [Fact]
    public void Equal_seeds_give_equal_logs_and_others_do_not()
    {
        var options = new ClickWorldOptions { CampaignBias = 0.3, MixSwing = 1 };
        ClickLog a = Make(options, impressions: 1000), b = Make(options, impressions: 1000), c = Make(options, 2, 1000);
        Assert.Equal(a.Predictions, b.Predictions);
        Assert.Equal(a.Clicks, b.Clicks);
        Assert.NotEqual(a.Predictions, c.Predictions);
    }

    [Fact]
    public void Clicks_follow_the_truth()
    {
        ClickLog log = Make(new ClickWorldOptions());
        double expected = log.Truths.Sum(), deviation = Math.Sqrt(log.Truths.Sum(p => p * (1 - p)));
        Assert.InRange(log.Clicks.Sum(y => (double)y), expected - (4 * deviation), expected + (4 * deviation));
        Assert.All(log.Truths, p => Assert.InRange(p, 1e-6, 1 - 1e-6));
    }

    [Fact]
    public void A_campaign_is_over_estimated_as_much_as_was_asked_for()
    {
        var options = new ClickWorldOptions
        {
            Distortion = Distortion.None,
            Noise = 0,
            BiasOfCampaign = new Dictionary<int, double> { [3] = 1.3 },
        };
        ClickLog log = Make(options);
        Assert.Equal(1.3, Pcoc(log, i => log.Campaigns[i] == 3), 0.03);
        Assert.Equal(1, Pcoc(log, i => log.Campaigns[i] != 3), 9);
    }

    [Fact]
    public void The_mix_swings_with_the_hour_and_the_bias_of_a_context_stays()
    {
        var options = new ClickWorldOptions { Distortion = Distortion.None, Noise = 0, ContextBias = 0.5, MixSwing = 1.5 };
        ClickLog log = Make(options);
        double Share(double hour) =>
            Enumerable.Range(0, log.Count).Where(i => Math.Floor(log.Hours[i]) == hour).Average(i => log.Contexts[i] == 0 ? 1.0 : 0);
        Assert.True(Share(6) > 2 * Share(18));
        double early = Pcoc(log, i => log.Contexts[i] == 0 && log.Hours[i] < 12);
        double late = Pcoc(log, i => log.Contexts[i] == 0 && log.Hours[i] >= 12);
        Assert.Equal(1, early / late, 0.03);
    }

    [Fact]
    public void The_bias_swings_with_the_hour_when_asked()
    {
        ClickLog log = Make(new ClickWorldOptions { Distortion = Distortion.None, Noise = 0, BiasSwing = 0.3 });
        Assert.True(Pcoc(log, i => Math.Floor(log.Hours[i]) == 6) > 1.25);
        Assert.True(Pcoc(log, i => Math.Floor(log.Hours[i]) == 18) < 0.8);
    }

    [Theory]
    [InlineData(Distortion.None)]
    [InlineData(Distortion.Straight)]
    [InlineData(Distortion.Wavy)]
    public void Without_bias_and_noise_the_model_ranks_like_the_truth(Distortion distortion)
    {
        ClickLog log = Make(new ClickWorldOptions { Distortion = distortion, Noise = 0 }, impressions: 20_000);
        double[] truths = (double[])log.Truths.Clone(), predictions = (double[])log.Predictions.Clone();
        Array.Sort(truths, predictions);
        for (int i = 1; i < truths.Length; i++)
            Assert.True(predictions[i] >= predictions[i - 1]);
        Assert.Equal(distortion == Distortion.None, Math.Abs(predictions[100] - truths[100]) < 1e-12);
    }

    [Fact]
    public void Uneven_traffic_leaves_campaigns_young()
    {
        ClickLog log = Make(new ClickWorldOptions { Campaigns = 300, TrafficSpread = 2 }, impressions: 100_000);
        int[] impressions = new int[300];
        foreach (int campaign in log.Campaigns)
            impressions[campaign]++;
        Assert.InRange(impressions.Count(n => n < 200), 100, 299);
        Assert.True(impressions.Max() > 5000);
    }

    [Fact]
    public void A_world_without_campaigns_or_a_span_without_time_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new ClickWorld(new ClickWorldOptions { Campaigns = 0 }, new SeededRandom(1)));
        Assert.Throws<ArgumentException>(() => new ClickWorld(new ClickWorldOptions { OverallBias = 0 }, new SeededRandom(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Make(new ClickWorldOptions(), from: 3, to: 3));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new ConversionWorld(new ConversionWorldOptions()).Generate(1, 1, 0, new SeededRandom(1)));
    }

    [Fact]
    public void Conversions_follow_the_truth_come_inside_the_window_and_show_in_the_signals()
    {
        var options = new ConversionWorldOptions();
        ConversionLog log = new ConversionWorld(options).Generate(200_000, 0, 24, new SeededRandom(5));
        double[] delays = [.. log.Delays.Where(double.IsFinite)];
        double deviation = Math.Sqrt(log.Truths.Sum(p => p * (1 - p)));
        Assert.InRange(delays.Length, log.Truths.Sum() - (4 * deviation), log.Truths.Sum() + (4 * deviation));
        Assert.All(delays, delay => Assert.InRange(delay, 0, options.WindowHours));
        Assert.InRange(delays.Count(delay => delay < 2) / (double)delays.Length, 0.33, 0.42);
        double Cart(bool converts) =>
            Enumerable.Range(0, log.Count).Where(i => double.IsFinite(log.Delays[i]) == converts).Average(i => log.Signals[i][2]);
        Assert.Equal(0.5, Cart(true), 0.03);
        Assert.Equal(0.05, Cart(false), 0.01);
    }

    [Fact]
    public void No_map_of_the_prediction_comes_nearer_to_the_truth_than_what_is_attainable()
    {
        ConversionLog log = new ConversionWorld(new ConversionWorldOptions { Noise = 0.4 }).Generate(200_000, 0, 24, new SeededRandom(5));
        double Squares(Func<int, double> value) => Enumerable.Range(0, log.Count).Sum(i => Math.Pow(log.Truths[i] - value(i), 2));
        double best = Squares(i => log.Attainable[i]);
        Assert.True(best < Squares(i => log.Predictions[i]));
        foreach (double factor in new[] { 0.9, 0.97, 1.03, 1.1 })
        {
            Assert.True(best < Squares(i => factor * log.Attainable[i]));
            Assert.True(best < Squares(i => Math.Pow(log.Attainable[i], factor)));
        }
        int[] byPrediction = [.. Enumerable.Range(0, log.Count).OrderBy(i => log.Predictions[i])];
        foreach (int[] bin in byPrediction.Chunk(20_000))
            Assert.Equal(1, bin.Sum(i => log.Truths[i]) / bin.Sum(i => log.Attainable[i]), 0.01);
    }

    [Fact]
    public void Without_noise_the_truth_is_attainable()
    {
        var options = new ConversionWorldOptions { ReleaseHour = 12, TruthShiftHour = 12, TruthShift = 2, Noise = 0 };
        ConversionLog log = new ConversionWorld(options).Generate(1000, 0, 24, new SeededRandom(5));
        for (int i = 0; i < log.Count; i++)
            Assert.Equal(log.Truths[i], log.Attainable[i], 12);
    }

    [Fact]
    public void A_release_changes_the_bias_and_a_shift_changes_the_truth()
    {
        var options = new ConversionWorldOptions { ReleaseHour = 12, TruthShiftHour = 12, TruthShift = 2, Noise = 0 };
        ConversionLog log = new ConversionWorld(options).Generate(100_000, 0, 24, new SeededRandom(5));
        double Ratio(int from, int to) => log.Predictions[from..to].Sum() / log.Truths[from..to].Sum();
        Assert.True(Ratio(0, 50_000) > 1.3);
        Assert.True(Ratio(50_000, 100_000) < 0.5);
    }
}
