using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.RealTime;
using RecallCluster.Numerics;

namespace RecallCluster.Calibration.Tests;

public class RealTimeTests
{
    private static readonly string[] Places = ["feed", "search", "detail"];
    private static readonly double[] Bias = [0.6, 1.0, 1.6];

    [Fact]
    public void The_map_follows_the_mix_without_a_new_fit()
    {
        RealTimeWeightedSir fit = Fit();
        double trainingMix = fit.Publish(new AppliedDistribution(fit, 3600, 1)).Apply(0.05);
        Assert.Equal(1, trainingMix / (0.05 * Bias.Average()), 0.08);
        for (int place = 0; place < Places.Length; place++)
        {
            var applied = new AppliedDistribution(fit, 3600, 1);
            Serve(applied, fit.ClusterOf(Places[place]), 60_000);
            Assert.Equal(1, fit.Publish(applied).Apply(0.05) / (0.05 * Bias[place]), 0.1);
        }
    }

    [Fact]
    public void An_empty_window_gives_the_training_mix()
    {
        RealTimeWeightedSir fit = Fit();
        CalibrationModel published = fit.Publish(new AppliedDistribution(fit, 60, 5));
        foreach (double p in new[] { 0.02, 0.04, 0.08 })
            Assert.Equal(1, published.Apply(p) / fit.Bayes.Apply(p), 0.05);
        Assert.Equal("rtw-bsir", published.Method);
        Assert.Throws<ArgumentException>(() => new RealTimeWeightedSir(new ContextCounts()));
    }

    [Fact]
    public void A_context_unseen_in_training_takes_its_prior()
    {
        RealTimeWeightedSir fit = Fit();
        Assert.Equal(fit.UnseenCluster, fit.ClusterOf("video"));
        Assert.Equal(fit.UnseenCluster, fit.ClusterOf(null));
        var applied = new AppliedDistribution(fit, 3600, 1);
        Serve(applied, fit.UnseenCluster, 50_000);
        Assert.Equal(1, fit.Publish(applied).Apply(0.05) / fit.Bayes.Root.Apply(0.05), 0.05);
    }

    [Fact]
    public void A_published_map_is_monotone_inside_the_unit_interval_whatever_was_served()
    {
        for (ulong seed = 0; seed < 40; seed++)
        {
            Log log = Log.Random(seed);
            var random = new SeededRandom(seed);
            var fit = new RealTimeWeightedSir(log.Count(), 15, clip: 1 + (30 * random.NextDouble()), inertia: 3 * random.NextInt(2));
            var applied = new AppliedDistribution(fit, 10, 3);
            for (int i = 0; i < 2000; i++)
                applied.Record(log.P[random.NextInt(log.P.Length)], random.NextInt(fit.ClusterCount), 30 * random.NextDouble());
            CalibrationMap map = fit.Publish(applied).Root;
            Assert.True(map.StrictlyIncreasing);
            double previous = 0;
            for (double p = 0; p <= 1; p += 0.001)
            {
                double value = map.Apply(p);
                Assert.True(value is >= 0 and <= 1 && value >= previous);
                previous = value;
            }
        }
    }

    [Fact]
    public void The_window_forgets_what_is_older_than_its_slots()
    {
        RealTimeWeightedSir fit = Fit();
        var applied = new AppliedDistribution(fit, 10, 3);
        applied.Record(0.05, 0, 5);
        applied.Record(0.05, 0, 15);
        applied.Record(0.05, 0, 29.9);
        Assert.Equal(3, applied.Total);
        applied.Record(0.05, 0, 30);
        Assert.Equal(3, applied.Total);
        applied.Advance(49);
        Assert.Equal(2, applied.Total);
        applied.Advance(1e9);
        Assert.Equal(0, applied.Total);
        Assert.True(applied.Counts.IndexOfAnyExcept(0) < 0);
    }

    [Fact]
    public void A_clock_that_goes_back_counts_in_its_own_slot_or_not_at_all()
    {
        RealTimeWeightedSir fit = Fit();
        AppliedDistribution straight = new(fit, 10, 3), back = new(fit, 10, 3);
        foreach (double time in new[] { 105.0, 112, 118, 125 })
            straight.Record(0.05, 0, time);
        foreach (double time in new[] { 112.0, 125, 105, 118 })
            back.Record(0.05, 0, time);
        back.Record(0.05, 0, 95);
        Assert.Equal(1, back.TooLate);
        straight.Advance(131);
        back.Advance(131);
        back.Advance(0);
        Assert.Equal(3, back.Total);
        Assert.True(straight.Counts.SequenceEqual(back.Counts));
        Assert.Throws<ArgumentOutOfRangeException>(() => back.Record(0.05, 0, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => back.Record(0.05, fit.ClusterCount, 131));
        Assert.Throws<ArgumentOutOfRangeException>(() => back.Record(double.NaN, 0, 131));
        Assert.Equal(3, back.Total);
    }

    [Fact]
    public void Servers_counts_add_up_exactly()
    {
        RealTimeWeightedSir fit = Fit();
        var random = new SeededRandom(9);
        AppliedDistribution whole = new(fit, 10, 4), one = new(fit, 10, 4), two = new(fit, 10, 4);
        for (int i = 0; i < 5000; i++)
        {
            double p = random.NextDouble(), time = 30 + (i * 0.01);
            int cluster = random.NextInt(fit.ClusterCount);
            whole.Record(p, cluster, time);
            (random.NextInt(2) == 0 ? one : two).Record(p, cluster, time);
        }
        two.Merge(one);
        two.Advance(80);
        whole.Advance(80);
        Assert.True(whole.Counts.SequenceEqual(two.Counts));
        Assert.Equal(fit.Publish(whole), fit.Publish(two));
        Assert.Throws<ArgumentException>(() => two.Merge(new AppliedDistribution(fit, 10, 5)));
        Assert.Throws<ArgumentException>(() => Fit().Publish(two));
    }

    private static RealTimeWeightedSir Fit()
    {
        var random = new SeededRandom(2);
        var counts = new ContextCounts();
        for (int i = 0; i < 300_000; i++)
        {
            int place = random.NextInt(Places.Length);
            double p = 0.01 + (0.09 * random.NextDouble());
            counts.Add(Places[place], p, random.NextDouble() < p * Bias[place] ? 1 : 0);
        }
        return new RealTimeWeightedSir(counts, 20);
    }

    private static void Serve(AppliedDistribution applied, int cluster, int impressions)
    {
        var random = new SeededRandom(3);
        for (int i = 0; i < impressions; i++)
            applied.Record(0.01 + (0.09 * random.NextDouble()), cluster, 100);
    }
}
