using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;
using RecallCluster.Numerics;

namespace RecallCluster.Calibration.Tests;

public class MethodTests
{
    [Fact]
    public void Pool_adjacent_violators_equals_the_min_max_formula()
    {
        // Isotonic least squares in closed form: fit[i] = max over a <= i of min over b >= i of the mean of a..b.
        for (ulong seed = 0; seed < 200; seed++)
        {
            var random = new SeededRandom(seed);
            int n = 1 + random.NextInt(12);
            double[] y = [.. Enumerable.Range(0, n).Select(_ => (double)random.NextInt(4))];
            double[] w = [.. Enumerable.Range(0, n).Select(_ => 0.1 + random.NextDouble())];
            double[] fit = (double[])y.Clone();
            int blocks = PoolAdjacentViolators.Fit(fit, w);
            Assert.Equal(fit.Distinct().Count(), blocks);
            for (int i = 0; i < n; i++)
                Golden.Close(Enumerable.Range(0, i + 1).Max(a => Enumerable.Range(i, n - i).Min(b => Mean(y, w, a, b))), fit[i]);
        }
        Assert.Equal(0, PoolAdjacentViolators.Fit([], []));
        Assert.Throws<ArgumentException>(() => PoolAdjacentViolators.Fit([1.0], [0.0]));
        Assert.Throws<ArgumentException>(() => PoolAdjacentViolators.Fit([double.NaN], [1.0]));
        Assert.Throws<ArgumentException>(() => PoolAdjacentViolators.Fit([1.0], []));
    }

    [Fact]
    public void Without_counts_every_method_is_the_identity()
    {
        foreach (ICalibrator method in Log.AllMethods)
        {
            Assert.Equal(CalibrationMap.Identity, method.Fit(new ContextCounts()).Root);
            var weightless = new ContextCounts();
            weightless.Add("a", 0.3, 1, 0);
            Assert.Equal(CalibrationMap.Identity, method.Fit(weightless).For("a"));
        }
    }

    [Fact]
    public void One_bin_shifts_the_odds_as_a_whole()
    {
        var counts = new ContextCounts();
        counts.At(null).Add(
            Enumerable.Repeat(0.02, 1000).ToArray(), Enumerable.Range(0, 1000).Select(i => (byte)(i < 10 ? 1 : 0)).ToArray());
        CalibrationMap map = new SmoothedIsotonicRegression().Fit(counts).Root;
        Golden.Close(0.01, map.Apply(0.02), 1e-6);
        double ratio = 0.01 / 0.99 / (0.02 / 0.98);
        foreach (double p in new[] { 0.001, 0.005, 0.1, 0.5, 0.9 })
            Assert.Equal(1, map.Apply(p) / (p * ratio / (1 - p + (p * ratio))), 0.02);
        Assert.Equal(0, map.Apply(0));
        Assert.Equal(1, map.Apply(1));
    }

    [Fact]
    public void Without_positives_or_negatives_maps_say_so_and_never_turn_the_order()
    {
        foreach (byte label in new byte[] { 0, 1 })
        {
            var counts = new ContextCounts();
            counts.At(null).Add(Enumerable.Range(1, 500).Select(i => i / 1000.0).ToArray(), Enumerable.Repeat(label, 500).ToArray());
            ICalibrator[] methods =
                [new SmoothedIsotonicRegression(), new IsotonicCalibration(), new PlattScaling(), new BetaCalibration()];
            foreach (ICalibrator method in methods)
            {
                CalibrationMap map = method.Fit(counts).Root;
                Assert.Equal(label, map.Apply(0.2), 0.01);
                Assert.True(map.Apply(0.3) >= map.Apply(0.2), method.Name);
                Assert.True(map is LogisticMap || map.StrictlyIncreasing, method.Name);
            }
        }
    }

    [Fact]
    public void Sir_repairs_a_distortion_that_no_parametric_method_can_express()
    {
        var random = new SeededRandom(4);
        var counts = new CalibrationCounts();
        for (int i = 0; i < 400_000; i++)
        {
            double p = Math.Exp(-6 * random.NextDouble());
            counts.Add(p, random.NextDouble() < Distorted(p) ? 1 : 0);
        }
        CalibrationMap map = new SmoothedIsotonicRegression().FitMap(counts);
        for (double p = 0.1; p < 0.9; p += 0.01)
            Assert.Equal(1, map.Apply(p) / Distorted(p), 0.12);
    }

    [Fact]
    public void Sir_takes_as_many_bins_as_the_counts_bear()
    {
        CalibrationCounts Drawn(int count, Func<double, double> truth)
        {
            var random = new SeededRandom(9);
            var counts = new CalibrationCounts();
            for (int i = 0; i < count; i++)
            {
                double logit = -3.5 + random.NextGaussian();
                counts.Add(Probability.Sigmoid(logit), random.NextDouble() < Probability.Sigmoid(truth(logit)) ? 1 : 0);
            }
            return counts;
        }
        static double Wave(double logit) => logit + (0.3 * Math.Sin(2 * (logit + 3.5)));
        var sir = new SmoothedIsotonicRegression();
        var line = Assert.IsType<LogisticMap>(sir.FitMap(Drawn(20_000, logit => (0.8 * logit) - 0.3)));
        Assert.Equal(0.8, line.A, 0.1);
        PiecewiseLinearMap few = Assert.IsType<PiecewiseLinearMap>(sir.FitMap(Drawn(100_000, Wave)));
        PiecewiseLinearMap more = Assert.IsType<PiecewiseLinearMap>(sir.FitMap(Drawn(2_000_000, Wave)));
        for (double logit = -5; logit < -2; logit += 0.1)
        {
            double p = Probability.Sigmoid(logit), truth = Probability.Sigmoid(Wave(logit));
            Assert.Equal(1, few.Apply(p) / truth, 0.25);
            Assert.Equal(1, more.Apply(p) / truth, 0.12);
        }
    }

    [Fact]
    public void Predictions_worse_than_chance_get_the_overall_rate_from_platt_and_beta()
    {
        Log backwards = Log.Random(2, shape: 3);
        double rate = backwards.Y.Average();
        foreach (ICalibrator method in new ICalibrator[] { new PlattScaling(), new BetaCalibration() })
        {
            var map = Assert.IsType<LogisticMap>(method.Fit(backwards.Count()).Root);
            Assert.Equal(0, map.A + map.B);
            Assert.Equal(rate, map.Apply(0.01), 0.01);
        }
    }

    [Fact]
    public void A_new_campaign_starts_at_its_advertisers_map_and_moves_with_evidence()
    {
        var random = new SeededRandom(6);
        var counts = new ContextCounts();
        for (int campaign = 0; campaign < 60; campaign++)
        {
            double bias = 0.3 * random.NextGaussian();
            string context = $"adv{campaign % 2}/camp{campaign}";
            for (int i = 0; i < 4000; i++)
            {
                double p = 0.01 + (0.1 * random.NextDouble());
                double truth = p * Math.Exp(bias) * (campaign % 2 == 0 ? 0.6 : 1.4);
                counts.Add(context, p, random.NextDouble() < truth ? 1 : 0);
            }
        }
        CalibrationModel before = new BayesianSir(20).Fit(counts);
        Assert.True(before.Apply(0.05, "adv0") < 0.8 * before.Apply(0.05, "adv1"));
        Assert.Same(before.For("adv0"), before.For("adv0/new"));

        double previous = before.Apply(0.05, "adv0/new");
        for (int i = 0; i < 100; i++)
            counts.Add("adv0/new", 0.05, i < 15 ? 1 : 0);
        double after100 = new BayesianSir(20).Fit(counts).Apply(0.05, "adv0/new");
        for (int i = 0; i < 9900; i++)
            counts.Add("adv0/new", 0.05, i < 1485 ? 1 : 0);
        double after10000 = new BayesianSir(20).Fit(counts).Apply(0.05, "adv0/new");
        Assert.True(previous < after100 && after100 < 0.12 && after100 < after10000, $"{previous} {after100} {after10000}");
        Assert.Equal(0.15, after10000, 0.01);
    }

    [Fact]
    public void A_fixed_strength_gives_the_posterior_of_the_book()
    {
        var counts = new ContextCounts();
        for (int i = 0; i < 100_000; i++)
            counts.Add("old", 0.1, i % 10 == 0 ? 1 : 0);
        for (int i = 0; i < 50; i++)
            counts.Add("new", 0.1, i < 20 ? 1 : 0);
        CalibrationModel model = new BayesianSir(strength: 200).Fit(counts);
        double prior = model.Root.Apply(0.1);
        Assert.Equal((20 + (200 * prior)) / 250, model.Apply(0.1, "new"), 1e-5);
    }

    [Fact]
    public void Counts_without_over_dispersion_reach_the_cap()
    {
        BetaBinomial.Unit[] exact = [.. Enumerable.Range(1, 50).Select(i => new BetaBinomial.Unit(10 * i, 100 * i, 0.1))];
        Assert.Equal(BetaBinomial.StrengthCap, BetaBinomial.FitStrength(exact));
        Assert.Equal(BetaBinomial.StrengthCap, BetaBinomial.FitStrength([]));
        Assert.Throws<ArgumentException>(() => BetaBinomial.FitStrength([new BetaBinomial.Unit(2, 1, 0.5)]));
        Assert.Throws<ArgumentException>(() => BetaBinomial.FitStrength([new BetaBinomial.Unit(1, 2, 1)]));
        Assert.Throws<ArgumentException>(() => BetaBinomial.Fit([0, 0], [5, 5]));
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SmoothedIsotonicRegression(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HistogramBinning(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BayesianSir(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BayesianSir(strength: double.NaN));
        Assert.Throws<ArgumentException>(() => IsotonicRegression.Fit([], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => IsotonicRegression.Fit([0.5], [2]));
    }

    private static double Distorted(double p) => Math.Min(0.97, (0.6 * p) + (0.1 * Math.Sin(6 * p) * p));

    private static double Mean(double[] y, double[] w, int a, int b)
    {
        double sum = 0, weight = 0;
        for (int i = a; i <= b; i++)
        {
            sum += w[i] * y[i];
            weight += w[i];
        }
        return sum / weight;
    }
}
