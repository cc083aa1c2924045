using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Methods;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Cli.Plots;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Clicks;

namespace RecallCluster.Cli.Workflows;

/// <summary>One point of a sweep.</summary>
/// <param name="Knob">What was turned: bins, refit-window, refit-cadence, rtw-window.</param>
/// <param name="Series">Method or amount of traffic.</param>
/// <param name="Setting">Where it stood.</param>
/// <param name="Figure">Mean figure over the seeds, with its 95 % interval.</param>
internal sealed record CalibrateSweepPoint(string Knob, string Series, double Setting, Interval Figure);

/// <summary>The report of <c>calibrate sweep</c>.</summary>
internal sealed record CalibrateSweepReport(int Seeds, IReadOnlyList<CalibrateSweepPoint> Points, IReadOnlyList<string> Plots);

/// <summary>The knobs of calibration, turned one at a time in worlds of known truth.</summary>
internal static class CalibrateSweep
{
    private static readonly int[] BinCounts = [5, 10, 20, 50, 100, 200, 500];
    private static readonly int[] Hours = [1, 2, 3, 6, 12, 24];
    private static readonly int[] Minutes = [5, 15, 30, 60, 180, 360];
    private static readonly int[] Traffic = [20_000, 400_000];
    private static readonly string[] Binned = ["sir", "sir as given", "binning", "bayes-sir"];

    public static CalibrateSweepReport Run(CalibrateScenarioOptions options, IProgress<string>? progress)
    {
        var figures = new List<(string Knob, string Series, double Setting, double Figure)>();
        for (int i = 0; i < options.Seeds; i++)
        {
            progress?.Report($"seed {i + 1} of {options.Seeds}");
            ulong seed = options.Seed + (ulong)i;
            foreach (int impressions in Traffic)
                figures.AddRange(Bins(seed, (int)(impressions * options.Scale)));
            figures.AddRange(Refits(seed, options));
            figures.AddRange(Windows(seed, options));
        }
        CalibrateSweepPoint[] points =
        [
            .. figures.GroupBy(f => (f.Knob, f.Series, f.Setting)).Select(group =>
                new CalibrateSweepPoint(
                    group.Key.Knob, group.Key.Series, group.Key.Setting, MeanOf([.. group.Select(f => f.Figure)], options.Seed))),
        ];
        return new CalibrateSweepReport(options.Seeds, points, options.Plots is null ? [] : Draw(options.Plots, points));
    }

    private static IEnumerable<(string, string, double, double)> Bins(ulong seed, int impressions)
    {
        var random = new SeededRandom(seed);
        var world = new ClickWorld(new ClickWorldOptions { OverallBias = 1.2 }, random);
        CalibrateLog train = CalibrateScenario.AsLog(world, world.Generate(impressions, 0, 24, random), byContext: false);
        ClickLog served = world.Generate(200_000, 24, 48, random);
        CalibrateLog test = CalibrateScenario.AsLog(world, served, byContext: false);
        ContextCounts counts = CalibrateScenario.WithoutContexts(CalibrateEval.Count(train));
        foreach (int bins in BinCounts)
        {
            foreach (string method in Binned)
            {
                double[] values = CalibrateScenario.Timed(Method(method, bins), counts, test).Values;
                yield return ("bins", $"{method}, {impressions:N0} impressions", bins, Distance(values, served.Truths));
            }
        }
    }

    /// <summary>A method with at most so many bins; "sir as given" has that many in any case.</summary>
    private static ICalibrator Method(string name, int bins) =>
        name == "sir as given" ? new SmoothedIsotonicRegression(bins, asGiven: true) : CalibrateMethods.ByName(name, bins);

    private static IEnumerable<(string, string, double, double)> Refits(ulong seed, CalibrateScenarioOptions options)
    {
        foreach (double traffic in new[] { 0.1, 1 })
        {
            var random = new SeededRandom(seed);
            int rows = (int)(24 * HourlyDrift.ImpressionsPerHour * options.Scale * traffic);
            var world = new ClickWorld(HourlyDrift.Options(mixSwings: false), random);
            CalibrateLog train = CalibrateScenario.AsLog(world, world.Generate(rows, 0, 24, random), byContext: true);
            ClickLog served = world.Generate(rows, 24, 48, random);
            CalibrateLog test = CalibrateScenario.AsLog(world, served, byContext: true);
            string series = $"{rows / 24:N0} impressions an hour";
            foreach (int hours in Hours)
            {
                yield return (
                    "refit-window", series, hours, Distance(HourlyDrift.Refitted(train, test, options.Bins, hours, 1), served.Truths));
                yield return (
                    "refit-cadence", series, hours, Distance(HourlyDrift.Refitted(train, test, options.Bins, 2, hours), served.Truths));
            }
        }
    }

    private static IEnumerable<(string, string, double, double)> Windows(ulong seed, CalibrateScenarioOptions options)
    {
        var random = new SeededRandom(seed);
        int rows = (int)(24 * HourlyDrift.ImpressionsPerHour * options.Scale);
        var world = new ClickWorld(HourlyDrift.Options(mixSwings: true), random);
        ContextCounts training = CalibrateEval.Count(CalibrateScenario.AsLog(world, world.Generate(rows, 0, 24, random), byContext: true));
        CalibrateLog test = CalibrateScenario.AsLog(world, world.Generate(rows, 24, 48, random), byContext: true);
        foreach (int minutes in Minutes)
        {
            foreach (int cadence in new[] { 5, 60 })
            {
                var schedule = new CalibrateRealTime.Schedule(SlotHours: 1.0 / 12, Slots: minutes / 5, PublishHours: cadence / 60.0);
                double[] values = HourlyDrift.RealTimeWeighted(training, test, options.Bins, schedule, out _, out _);
                yield return ("rtw-window", $"published every {cadence} minutes", minutes, CalibrateScenario.HourlyVariance(test, values));
            }
        }
    }

    private static List<string> Draw(string folder, CalibrateSweepPoint[] points) =>
    [
        Draw(
            folder, points, "bins", "Bins: distance to the truth", new Axis("most bins", "", AxisScale.Logarithmic),
            "distance to the truth"),
        Draw(
            folder, points, "refit-window", "Window of an hourly refit while the bias swings",
            new Axis("window", "h", AxisScale.Logarithmic), "distance to the truth"),
        Draw(
            folder, points, "refit-cadence", "Cadence of the refit (window 2 h) while the bias swings",
            new Axis("hours between refits", "h", AxisScale.Logarithmic), "distance to the truth"),
        Draw(
            folder, points, "rtw-window", "Window of RTW-BSIR while the mix swings", new Axis("window", "min", AxisScale.Logarithmic),
            "variance of hourly PCOC"),
    ];

    private static string Draw(string folder, CalibrateSweepPoint[] points, string knob, string title, Axis x, string y) =>
        CalibratePlots.Save(folder, $"calibration-sweep-{knob}.svg", new LineChart(title, x, new Axis(y, "", AxisScale.Logarithmic),
        [
            .. points.Where(point => point.Knob == knob).GroupBy(point => point.Series).Select(series => new ChartSeries(
                series.Key, [.. series.OrderBy(point => point.Setting).Select(
                    point => new ChartPoint(point.Setting, point.Figure.Value, $"{point.Figure.Low:G3} to {point.Figure.High:G3}"))])),
        ]));

    private static double Distance(double[] values, double[] truths)
    {
        double sum = 0;
        for (int i = 0; i < values.Length; i++)
            sum += Math.Abs(values[i] - truths[i]);
        return sum / values.Length;
    }

    private static Interval MeanOf(double[] values, ulong seed)
    {
        var random = new SeededRandom(seed);
        var replicates = new double[1000];
        for (int r = 0; r < replicates.Length; r++)
        {
            for (int i = 0; i < values.Length; i++)
                replicates[r] += values[random.NextInt(values.Length)] / values.Length;
        }
        return Interval.FromReplicates(values.Average(), replicates);
    }
}
