using System.Diagnostics;
using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Methods;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Clicks;

namespace RecallCluster.Cli.Workflows;

/// <summary>What a scenario is run with.</summary>
internal sealed record CalibrateScenarioOptions
{
    public int Seeds { get; init; } = 20;

    /// <summary>Factor on the amount of traffic.</summary>
    public double Scale { get; init; } = 1;

    public int Bins { get; init; } = SmoothedIsotonicRegression.DefaultBins;

    public int Clusters { get; init; } = 20;

    /// <summary>Folder for the SVG plots; null for none.</summary>
    public string? Plots { get; init; }

    public ulong Seed { get; init; } = 1;
}

/// <summary>One method's figures in one part of one seed's world.</summary>
internal sealed record ScenarioSample(
    string Part, string Method, CalibrationScores Scores, double FitMs, double ApplyNs,
    double? HourlyVariance = null, double? DistanceOnYoung = null, double? DistanceToBestMap = null);

/// <summary>A world, what is fitted in it, and the claims that it decides.</summary>
internal interface ICalibrateScenario
{
    string Name { get; }

    /// <summary>What the reader should know of this world.</summary>
    IEnumerable<string> Remarks { get; }

    /// <summary>Draws a world, fits and scores. Equal seeds give equal worlds, so that methods are compared in pairs.</summary>
    ScenarioRun Run(ulong seed, CalibrateScenarioOptions options);

    /// <summary>The claims, decided over all seeds.</summary>
    IEnumerable<CalibrateFinding> Findings(ScenarioTable table);
}

/// <summary>One seed's outcome; the drawing data is kept for the first seed only.</summary>
internal sealed record ScenarioRun(
    IReadOnlyList<ScenarioSample> Samples, long TrainRows, double TrainPositives, long TestRows, double TestPositives,
    Action<string, List<string>>? Draw = null);

/// <summary><c>calibrate eval --simulated</c>: a scenario over many seeds.</summary>
internal static class CalibrateScenario
{
    /// <summary>The scenarios by name.</summary>
    public static IReadOnlyList<ICalibrateScenario> All { get; } =
        [new OverestimatedCampaign(), new YoungCampaigns(), new HourlyDrift(), new DelayedConversions()];

    public static CalibrateReport Run(string name, CalibrateScenarioOptions options, IProgress<string>? progress)
    {
        ICalibrateScenario scenario = All.FirstOrDefault(candidate => candidate.Name == name)
            ?? throw new ArgumentException(
                $"'{name}' is not a scenario; there are {string.Join(", ", All.Select(s => s.Name))}.", nameof(name));
        var runs = new List<ScenarioRun>();
        var plots = new List<string>();
        for (int i = 0; i < options.Seeds; i++)
        {
            progress?.Report($"seed {i + 1} of {options.Seeds}");
            ScenarioRun run = scenario.Run(options.Seed + (ulong)i, options);
            if (i == 0 && options.Plots is not null)
                run.Draw?.Invoke(options.Plots, plots);
            runs.Add(run with { Draw = null });
        }
        var table = new ScenarioTable([.. runs.Select(run => run.Samples)], options.Seed);
        return new CalibrateReport(
            $"simulated: {scenario.Name}", runs.Sum(run => run.TrainRows),
            runs.Sum(run => run.TrainPositives), runs.Sum(run => run.TestRows),
            runs.Sum(run => run.TestPositives), options.Seeds, options.Clusters, table.MergedClusters, 0, table.Rows(),
            [.. scenario.Findings(table)], [.. scenario.Remarks], plots);
    }

    /// <summary>A simulated log as the methods see it, grouped by campaign path or by context.</summary>
    public static CalibrateLog AsLog(ClickWorld world, ClickLog log, bool byContext)
    {
        int groups = (byContext ? log.Contexts : log.Campaigns).DefaultIfEmpty(0).Max() + 1;
        string[] names = [.. Enumerable.Range(0, groups).Select(group => byContext ? $"context{group}" : world.CampaignPath(group))];
        return new CalibrateLog(log.Predictions, log.Clicks, null, byContext ? log.Contexts : log.Campaigns, names, log.Hours);
    }

    public static CalibrationEvaluator EvaluatorOf(CalibrateLog log, CalibrateScenarioOptions options) => new(
        log.Predictions, log.Labels, log.Weights, log.Groups, new EvaluationOptions { Clusters = options.Clusters, Replicates = 0 });

    /// <summary>Counts without contexts: what a method that knows nothing of them is given.</summary>
    public static ContextCounts WithoutContexts(ContextCounts counts)
    {
        var flat = new ContextCounts();
        flat.At(null).Merge(counts.Total());
        return flat;
    }

    /// <summary>Fits, applies, times.</summary>
    public static (double[] Values, double FitMs, double ApplyNs) Timed(ICalibrator method, ContextCounts counts, CalibrateLog test) =>
        CalibrateEval.FitAndApply(method, counts, test);

    public static double HourlyVariance(CalibrateLog log, double[] values) =>
        PcocByPeriod.Variance(PcocByPeriod.Series(log.Hours!, values, log.Labels, 1));

    public static double Positives(byte[] labels) => labels.Sum(label => (double)label);

    public static double ElapsedMs(long started) => Stopwatch.GetElapsedTime(started).TotalMilliseconds;
}

/// <summary>All samples by part and method, and statistics over the seeds with bootstrap intervals of the mean.</summary>
internal sealed class ScenarioTable
{
    private const int Resamples = 2000;

    private readonly List<(string Part, string Method)> _order = [];
    private readonly Dictionary<(string Part, string Method), List<ScenarioSample>> _samples = [];
    private readonly ulong _seed;

    public ScenarioTable(IReadOnlyList<IReadOnlyList<ScenarioSample>> seeds, ulong seed)
    {
        _seed = seed;
        foreach (ScenarioSample sample in seeds.SelectMany(samples => samples))
        {
            (string, string) key = (sample.Part, sample.Method);
            if (!_samples.TryGetValue(key, out List<ScenarioSample>? list))
            {
                _samples[key] = list = [];
                _order.Add(key);
            }
            list.Add(sample);
        }
    }

    public int MergedClusters =>
        _samples.Where(pair => pair.Key.Method == "none").Sum(pair => pair.Value.Sum(s => s.Scores.MergedClusters));

    public List<CalibrateRow> Rows() => [.. _order.Select(key =>
    {
        List<ScenarioSample> s = _samples[key];
        Interval? IfAll(Func<ScenarioSample, double?> of) =>
            s.All(sample => of(sample) is not null) ? MeanOf(s.Select(sample => of(sample)!.Value)) : null;
        return new CalibrateRow(
            key.Part, key.Method, s.Sum(x => (long)x.Scores.Count),
            MeanOf(s.Select(x => x.Scores.Pcoc.Value)), MeanOf(s.Select(x => x.Scores.CalN.Value)),
            IfAll(x => x.Scores.GcN?.Value), MeanOf(s.Select(x => x.Scores.Ece.Value)), MeanOf(s.Select(x => x.Scores.Brier.Value)),
            MeanOf(s.Select(x => x.Scores.LogLoss.Value)),
            MeanOf(s.Select(x => x.Scores.Auc.Value)), s.Average(x => x.FitMs), s.Average(x => x.ApplyNs),
            IfAll(x => x.Scores.DistanceToTruth?.Value), IfAll(x => x.DistanceOnYoung), IfAll(x => x.HourlyVariance),
            IfAll(x => x.DistanceToBestMap));
    })];

    /// <summary>A figure of one method, seed by seed.</summary>
    public double[] Of(string part, string method, Func<ScenarioSample, double> figure) => [.. _samples[(part, method)].Select(figure)];

    /// <summary>Mean of paired differences a - b.</summary>
    public Interval Difference(double[] a, double[] b) => MeanOf(a.Zip(b, (x, y) => x - y));

    /// <summary>Ratio of means, seeds resampled in pairs.</summary>
    public Interval Ratio(double[] a, double[] b) => Resampled(a.Length, rows => rows.Sum(i => a[i]) / rows.Sum(i => b[i]));

    private Interval MeanOf(IEnumerable<double> values)
    {
        double[] all = [.. values];
        return Resampled(all.Length, rows => rows.Average(i => all[i]));
    }

    private Interval Resampled(int count, Func<int[], double> statistic)
    {
        var random = new SeededRandom(_seed);
        var replicates = new double[Resamples];
        int[] rows = new int[count];
        for (int r = 0; r < Resamples; r++)
        {
            for (int i = 0; i < count; i++)
                rows[i] = random.NextInt(count);
            replicates[r] = statistic(rows);
        }
        return Interval.FromReplicates(statistic([.. Enumerable.Range(0, count)]), replicates);
    }
}
