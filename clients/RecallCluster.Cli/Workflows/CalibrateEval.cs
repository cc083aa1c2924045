using System.Diagnostics;
using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Calibration.RealTime;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Workflows;

/// <summary>How a log is split and scored.</summary>
internal sealed record CalibrateEvalOptions
{
    /// <summary>Whether the last rows in time are the test (else random rows).</summary>
    public bool SplitByTime { get; init; } = true;

    /// <summary>Share of rows scored.</summary>
    public double TestShare { get; init; } = 0.3;

    /// <summary>Most bins of a map.</summary>
    public int Bins { get; init; } = SmoothedIsotonicRegression.DefaultBins;

    /// <summary>Clusters of Cal-N.</summary>
    public int Clusters { get; init; } = 20;

    /// <summary>Bootstrap replicates.</summary>
    public int Replicates { get; init; } = 200;

    /// <summary>Folder for the SVG plots; null for none.</summary>
    public string? Plots { get; init; }

    public ulong Seed { get; init; } = 1;
}

/// <summary>
/// <c>calibrate eval --log</c>: splits a log, fits every method that its columns allow on the first part, scores the second.
/// RTW-BSIR (needs groups and times) walks through the test rows in time order and publishes once an hour from what it has seen so far.
/// </summary>
internal static class CalibrateEval
{
    private const double FewPositives = 200;

    // The first round pays for compilation.
    private const int ApplyRounds = 3;

    public static CalibrateReport Run(string source, CalibrateLog log, CalibrateEvalOptions options, IProgress<string>? progress)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(options);
        (CalibrateLog train, CalibrateLog test) = Split(log, options);
        long started = Stopwatch.GetTimestamp();
        ContextCounts counts = Count(train);
        double countMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        var evaluator = new CalibrationEvaluator(
            test.Predictions, test.Labels, test.Weights, test.Groups,
            new EvaluationOptions { Clusters = options.Clusters, Replicates = options.Replicates, Seed = options.Seed });
        var rows = new List<CalibrateRow>();
        var calibrated = new List<(string Method, double[] Values)>();
        int merged = 0;
        void Score(string method, double[] values, double fitMs, double applyNs)
        {
            progress?.Report(method);
            CalibrationScores scores = evaluator.Evaluate(values);
            merged = scores.MergedClusters;
            calibrated.Add((method, values));
            CalibrateRow row = Row(method, scores, fitMs, applyNs, HourlyVariance(test, values));
            rows.Add(row with { LogLossChange = evaluator.LogLossChange(values, test.Predictions) });
        }
        Score("none", test.Predictions, 0, 0);
        foreach (ICalibrator method in CalibrateMethods.All(options.Bins, withContexts: log.Groups is not null))
        {
            (double[] values, double fitMs, double applyNs) = FitAndApply(method, counts, test);
            Score(method.Name, values, fitMs, applyNs);
        }
        if (log.Groups is not null && log.Hours is not null)
        {
            (double[] values, double fitMs, double applyNs) = ApplyRealTime(counts, test, options.Bins);
            Score("rtw-bsir", values, fitMs, applyNs);
        }
        List<string> plots = options.Plots is null ? [] : CalibratePlots.OfLog(options.Plots, test, calibrated);
        return new CalibrateReport(
            source, train.Count, Positives(train), test.Count, Positives(test), 1, options.Clusters, merged, countMs, rows, [],
            [.. Remarks(log, train, test)], plots);
    }

    /// <summary>Counts a log into the grid by context.</summary>
    public static ContextCounts Count(CalibrateLog log)
    {
        var counts = new ContextCounts();
        if (log.Groups is null && log.Weights is null)
        {
            counts.At(null).Add(log.Predictions, log.Labels);
            return counts;
        }
        CalibrationCounts[] byGroup = log.Groups is null ? [counts.At(null)] : [.. log.GroupNames.Select(counts.At)];
        for (int i = 0; i < log.Count; i++)
            byGroup[log.Groups?[i] ?? 0].Add(log.Predictions[i], log.Labels[i], log.Weights?[i] ?? 1);
        return counts;
    }

    /// <summary>Fits a method and applies it to every row; times in milliseconds a fit and nanoseconds a row.</summary>
    public static (double[] Values, double FitMs, double ApplyNs) FitAndApply(ICalibrator method, ContextCounts counts, CalibrateLog test)
    {
        long started = Stopwatch.GetTimestamp();
        CalibrationModel model = method.Fit(counts);
        double fitMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        var values = new double[test.Count];
        double applyNs = double.PositiveInfinity;
        for (int round = 0; round < ApplyRounds; round++)
        {
            started = Stopwatch.GetTimestamp();
            Apply(model, test, values);
            applyNs = Math.Min(applyNs, Stopwatch.GetElapsedTime(started).TotalNanoseconds / test.Count);
        }
        return (values, fitMs, applyNs);
    }

    /// <summary>
    /// Applies a model to every row: over the whole span where one map serves all, else row by row through its context's map.
    /// </summary>
    public static void Apply(CalibrationModel model, CalibrateLog log, Span<double> values)
    {
        if (log.Groups is null || model.Contexts.Count == 0)
        {
            model.Root.Apply(log.Predictions, values);
            return;
        }
        CalibrationMap[] maps = [.. log.GroupNames.Select(model.For)];
        for (int i = 0; i < log.Count; i++)
            values[i] = maps[log.Groups[i]].Apply(log.Predictions[i]);
    }

    private static (double[] Values, double FitMs, double ApplyNs) ApplyRealTime(ContextCounts counts, CalibrateLog test, int bins)
    {
        long started = Stopwatch.GetTimestamp();
        var fit = new RealTimeWeightedSir(counts, bins);
        double fitMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        var values = new double[test.Count];
        started = Stopwatch.GetTimestamp();
        CalibrateRealTime.Apply(fit, test, new CalibrateRealTime.Schedule(SlotHours: 1, Slots: 1, PublishHours: 1), values);
        return (values, fitMs, Stopwatch.GetElapsedTime(started).TotalNanoseconds / test.Count);
    }

    private static (CalibrateLog Train, CalibrateLog Test) Split(CalibrateLog log, CalibrateEvalOptions options)
    {
        int[] order = [.. Enumerable.Range(0, log.Count)];
        if (!options.SplitByTime)
            new SeededRandom(options.Seed).Shuffle<int>(order);
        else if (log.Hours is not null)
            order = [.. order.OrderBy(row => log.Hours[row])];
        int trained = (int)(log.Count * (1 - options.TestShare));
        if (trained == 0 || trained == log.Count)
            throw new InvalidDataException(
                $"A log of {log.Count} rows leaves nothing to fit or nothing to score at a test share of {options.TestShare}.");
        int[] train = order[..trained], test = order[trained..];
        if (!options.SplitByTime)
        {
            // Chance decides who is tested; the order of time inside each part stays, RTW-BSIR walks along it.
            Array.Sort(train);
            Array.Sort(test);
        }
        return (log.Select(train), log.Select(test));
    }

    private static CalibrateRow Row(string method, CalibrationScores s, double fitMs, double applyNs, Interval? hourly) => new(
        null, method, s.Count, s.Pcoc, s.CalN, s.GcN, s.Ece, s.Brier, s.LogLoss, s.Auc, fitMs, applyNs, s.DistanceToTruth, null, hourly);

    private static Interval? HourlyVariance(CalibrateLog test, double[] values) => test.Hours is null
        ? null
        : new Interval(PcocByPeriod.Variance(PcocByPeriod.Series(test.Hours, values, test.Labels, 1)), double.NaN, double.NaN);

    private static double Positives(CalibrateLog log)
    {
        double sum = 0;
        for (int i = 0; i < log.Count; i++)
            sum += log.Labels[i] * (log.Weights?[i] ?? 1);
        return sum;
    }

    private static IEnumerable<string> Remarks(CalibrateLog log, CalibrateLog train, CalibrateLog test)
    {
        double clicks = Positives(test);
        if (clicks < FewPositives || Positives(train) < FewPositives)
        {
            double error = clicks > 0 ? 196 / Math.Sqrt(clicks) : double.PositiveInfinity;
            yield return $"{Positives(train):F0} positives to fit and {clicks:F0} to score are few: chance alone moves PCOC by about "
                + $"±{error:F0} %, so only gross bias can be seen, and an order of methods inside the intervals means nothing.";
        }
        if (log.Groups is null)
            yield return "no column 'group': GC-N, sir-per-context and RTW-BSIR are left out, and bayes-sir has one map.";
        if (log.Hours is null)
            yield return "no column 'time': rows count as being in time order; RTW-BSIR and the hourly figures are left out.";
        yield return "PCCEM needs signals after each click, which a log of p and y does not hold; it is measured by --simulated "
            + "delayed-conversions.";
    }
}
