using System.Text;
using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Numerics;

namespace RecallCluster.Calibration.Tests;

public class MapTests
{
    [Fact]
    public void A_fitted_map_is_monotone_and_inside_the_unit_interval_whatever_the_log()
    {
        for (ulong seed = 0; seed < 50; seed++)
        {
            Log log = Log.Random(seed);
            ContextCounts counts = log.Count();
            double[] probes = Probes(log);
            foreach (ICalibrator method in Log.AllMethods)
            {
                CalibrationModel model = method.Fit(counts);
                foreach (CalibrationMap map in model.Contexts.Values.Append(model.Root))
                    CheckMonotone(map, probes, $"{method.Name}, log {seed}");
            }
        }
    }

    [Fact]
    public void Vectors_and_scalars_give_the_same_values_on_every_path()
    {
        var random = new SeededRandom(8);
        double[] p = [0, 1, .. Enumerable.Range(0, 1003).Select(_ => random.NextDouble() * random.NextDouble())];
        foreach (ICalibrator method in Log.AllMethods)
        {
            CalibrationMap map = method.Fit(Log.Random(12, 8).Count()).Root;
            foreach (SimdPath path in Enum.GetValues<SimdPath>().Where(path => path <= Simd.Best))
            {
                using IDisposable forced = Simd.Force(path);
                var result = new double[p.Length];
                map.Apply(p, result);
                for (int i = 0; i < p.Length; i++)
                    Assert.Equal(map.Apply(p[i]), result[i]);
                double[] inPlace = (double[])p.Clone();
                map.Apply(inPlace, inPlace);
                Assert.Equal(result, inPlace);
            }
        }
    }

    [Fact]
    public void A_prediction_outside_the_unit_interval_is_refused_by_its_place()
    {
        foreach (ICalibrator method in Log.AllMethods)
        {
            CalibrationMap map = method.Fit(Log.Random(12, 8).Count()).Root;
            foreach (double bad in new[] { double.NaN, -1e-9, 1.5, double.NegativeInfinity })
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => map.Apply(bad));
                for (int place = 0; place < 19; place += 6)
                {
                    double[] p = new double[19];
                    p[place] = bad;
                    var error = Assert.Throws<ArgumentOutOfRangeException>(() => map.Apply(p, new double[19]));
                    Assert.Contains($"Prediction {place} ", error.Message, StringComparison.Ordinal);
                }
            }
            Assert.Throws<ArgumentException>(() => map.Apply(new double[3], new double[4]));
        }
    }

    [Fact]
    public void Auc_is_kept_to_1e_9_by_every_strictly_increasing_map()
    {
        int strict = 0;
        for (ulong seed = 0; seed < 60; seed++)
        {
            Log log = Log.Random(seed);
            byte[] y = [.. log.Y.Select(label => (byte)Math.Round(label))];
            double before = CalibrationMetrics.Auc(log.P, y);
            foreach (ICalibrator method in Log.AllMethods)
            {
                CalibrationMap map = method.Fit(log.Count()).Root;
                if (!map.StrictlyIncreasing || double.IsNaN(before))
                    continue;

                var after = new double[log.P.Length];
                map.Apply(log.P, after);
                Assert.True(Math.Abs(before - CalibrationMetrics.Auc(after, y)) <= 1e-9, $"{method.Name}, log {seed}");
                strict++;
            }
        }
        Assert.True(strict > 200, $"only {strict} strictly increasing maps were tried");
    }

    [Fact]
    public void The_sir_family_and_isotonic_with_tie_breaking_are_strictly_increasing()
    {
        ICalibrator[] methods = [new SmoothedIsotonicRegression(), new BayesianSir(), new IsotonicCalibration()];
        for (ulong seed = 0; seed < 60; seed++)
        {
            ContextCounts counts = Log.Random(seed).Count();
            Assert.All(methods, method => Assert.True(method.Fit(counts).Root.StrictlyIncreasing, $"{method.Name}, log {seed}"));
        }
        Assert.False(new IsotonicCalibration(breakTies: false).Fit(Log.Random(4, 8).Count()).Root.StrictlyIncreasing);
    }

    [Fact]
    public void Models_survive_json_and_bytes_to_the_last_bit()
    {
        for (ulong seed = 0; seed < 30; seed++)
        {
            foreach (ICalibrator method in Log.AllMethods)
            {
                CalibrationModel model = method.Fit(Log.Random(seed).Count());
                byte[] bytes = ModelFormat.ToBytes(model), json = ModelFormat.ToJson(model);
                CalibrationModel fromBytes = ModelFormat.FromBytes(bytes), fromJson = ModelFormat.FromJson(json);
                Assert.Equal(model, fromBytes);
                Assert.Equal(model, fromJson);
                Assert.Equal(bytes, ModelFormat.ToBytes(fromJson));
                Assert.Equal(json, ModelFormat.ToJson(fromBytes));
            }
        }
    }

    [Fact]
    public void Damaged_models_are_refused()
    {
        CalibrationModel model = new BayesianSir(10).Fit(Log.Random(10, 8).Count());
        byte[] bytes = ModelFormat.ToBytes(model), json = ModelFormat.ToJson(model);
        for (int length = 0; length < bytes.Length; length += 53)
            Assert.Throws<InvalidDataException>(() => ModelFormat.FromBytes(bytes.AsSpan(0, length)));
        for (int place = 0; place < bytes.Length; place += 17)
        {
            byte[] damaged = (byte[])bytes.Clone();
            damaged[place] ^= 1;
            Assert.Throws<InvalidDataException>(() => ModelFormat.FromBytes(damaged));
        }
        for (int length = 0; length < json.Length; length += 53)
            Assert.Throws<InvalidDataException>(() => ModelFormat.FromJson(json.AsMemory(0, length)));
    }

    [Theory]
    [InlineData("[]", "format")]
    [InlineData("""{"format":"recall-calibration","version":2}""", "version 2")]
    [InlineData("""{"format":"recall-calibration","version":1,"method":"m","contexts":{}}""", "'root' is missing")]
    [InlineData("""{"format":"recall-calibration","version":1,"method":"m","root":{"kind":"spline"},"contexts":{}}""", "spline")]
    [InlineData(
        """{"format":"recall-calibration","version":1,"method":"m","root":{"kind":"piecewise-linear","x":[0,1],"y":[0.5,0.2]}"""
        + ""","contexts":{}}""",
        "root: Knot 1")]
    [InlineData(
        """{"format":"recall-calibration","version":1,"method":"m","root":{"kind":"piecewise-linear","x":[0,1],"y":[0,1.1]}"""
        + ""","contexts":{}}""",
        "root: Knot 1")]
    [InlineData(
        """{"format":"recall-calibration","version":1,"method":"m","root":{"kind":"piecewise-linear","x":[0,0,1],"y":[0,0,1]}"""
        + ""","contexts":{}}""",
        "root: Knot 1")]
    [InlineData(
        """{"format":"recall-calibration","version":1,"method":"m","root":{"kind":"logistic","a":-1,"b":1,"c":0},"contexts":{}}""",
        "negative")]
    [InlineData(
        """{"format":"recall-calibration","version":1,"method":"m","root":{"kind":"logistic","a":1,"b":1,"c":0}"""
        + ""","contexts":{"x":{"kind":"steps","edges":[0.1],"values":[0.5]}}}""",
        "context 'x'")]
    public void A_wrong_model_is_refused_with_the_place(string json, string place)
    {
        var error = Assert.Throws<InvalidDataException>(() => ModelFormat.FromJson(Encoding.UTF8.GetBytes(json)));
        Assert.Contains(place, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_context_takes_its_nearest_ancestors_map()
    {
        CalibrationMap root = new LogisticMap(1, 1, 0), advertiser = new LogisticMap(1, 1, 1), campaign = new LogisticMap(1, 1, 2);
        var model = new CalibrationModel("m", root, new Dictionary<string, CalibrationMap> { ["a"] = advertiser, ["a/1"] = campaign });
        Assert.Same(campaign, model.For("a/1"));
        Assert.Same(advertiser, model.For("a/2"));
        Assert.Same(campaign, model.For("a/1/creative"));
        Assert.Same(root, model.For("b/1"));
        Assert.Same(root, model.For(null));
        Assert.Equal(campaign.Apply(0.2), model.Apply(0.2, "a/1"));
    }

    [Fact]
    public void The_identity_changes_nothing()
    {
        var random = new SeededRandom(1);
        for (int i = 0; i < 1000; i++)
        {
            double p = random.NextDouble();
            Assert.Equal(p, CalibrationMap.Identity.Apply(p));
        }
    }

    private static double[] Probes(Log log)
    {
        var random = new SeededRandom(77);
        double[] probes =
        [
            0, double.Epsilon, 1e-300, 1e-15, 1 - 1e-15, 1, .. log.P, .. log.P.Take(50).Select(p => Math.Min(1, Math.BitIncrement(p))),
            .. Enumerable.Range(0, 300).Select(_ => random.NextDouble()), .. Enumerable.Range(0, 300).Select(
                _ => Math.Exp(-20 * random.NextDouble())),
        ];
        Array.Sort(probes);
        return probes;
    }

    private static void CheckMonotone(CalibrationMap map, double[] probes, string what)
    {
        // exp and log may be off by a last bit and not monotone in it; straight lines and steps are exactly monotone.
        double slack = map is LogisticMap ? 1e-15 : 0;
        double previous = 0;
        foreach (double probe in probes)
        {
            double value = map.Apply(probe);
            Assert.True(value is >= 0 and <= 1, $"{what}: {probe:R} -> {value:R}");
            Assert.True(value >= previous - slack, $"{what}: {probe:R} -> {value:R} below {previous:R}");
            previous = value;
        }
    }
}
