using System.Diagnostics;
using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Calibration.RealTime;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Clicks;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// A day of traffic after a day of training. Part 'mix': contexts have biases that stay, their shares swing with the hour. Part
/// 'bias': the mix stays, the bias swings with the hour in every context alike, which no re-weighting can mend. Part 'bias-alone':
/// the same without biases of contexts, so that there is nothing to re-weigh.
/// </summary>
internal sealed class HourlyDrift : ICalibrateScenario
{
    public const int ImpressionsPerHour = 33_000;
    public static readonly CalibrateRealTime.Schedule RealTime = new(SlotHours: 1.0 / 12, Slots: 6, PublishHours: 1.0 / 12);
    private const int RefitWindowHours = 2;

    public string Name => "hourly-drift";

    public IEnumerable<string> Remarks =>
    [
        "bayes-sir, sir, isotonic and platt are one map over everything, fitted on the day before; rtw-bsir is the same fit re-weighted "
        + "every 5 minutes from the last 30.",
        "bayes-sir-by-context has a map per context: where the context is known when a bid is made, that mends a shift of the mix too, "
        + "at the price of one map each.",
        $"bayes-sir-refit is fitted anew every hour on the last {RefitWindowHours} hours: the only one that follows a bias that moves.",
    ];

    public static ClickWorldOptions Options(bool mixSwings, double contextBias = 0.5) => new()
    {
        BaseLogit = -2.5,
        ContextBias = contextBias,
        MixSwing = mixSwings ? 1.2 : 0,
        BiasSwing = mixSwings ? 0 : 0.25,
        Distortion = Distortion.Wavy,
    };

    public ScenarioRun Run(ulong seed, CalibrateScenarioOptions options)
    {
        var samples = new List<ScenarioSample>();
        int rows = (int)(24 * ImpressionsPerHour * options.Scale);
        double trainClicks = 0, testClicks = 0;
        var draws = new List<Action<string, List<string>>>();
        foreach ((string part, ClickWorldOptions make) in Parts())
        {
            var random = new SeededRandom(seed);
            var world = new ClickWorld(make, random);
            CalibrateLog train = CalibrateScenario.AsLog(world, world.Generate(rows, 0, 24, random), byContext: true);
            ClickLog served = world.Generate(rows, 24, 48, random);
            CalibrateLog test = CalibrateScenario.AsLog(world, served, byContext: true);
            ContextCounts byContext = CalibrateEval.Count(train), flat = CalibrateScenario.WithoutContexts(byContext);
            CalibrationEvaluator evaluator = CalibrateScenario.EvaluatorOf(test, options);
            var calibrated = new List<(string, double[])>();
            void Add(string method, double[] values, double fitMs, double applyNs)
            {
                samples.Add(new ScenarioSample(
                    part, method, evaluator.Evaluate(values, served.Truths), fitMs, applyNs,
                    CalibrateScenario.HourlyVariance(test, values)));
                calibrated.Add((method, values));
            }
            void AddFitted(string name, ICalibrator method, ContextCounts counts)
            {
                (double[] values, double fitMs, double applyNs) = CalibrateScenario.Timed(method, counts, test);
                Add(name, values, fitMs, applyNs);
            }
            Add("none", test.Predictions, 0, 0);
            foreach (string name in new[] { "platt", "isotonic", "sir", "bayes-sir" })
                AddFitted(name, CalibrateMethods.ByName(name, options.Bins), flat);
            AddFitted("bayes-sir-by-context", new BayesianSir(options.Bins), byContext);
            Add("rtw-bsir", RealTimeWeighted(byContext, test, options.Bins, RealTime, out double fit, out double apply), fit, apply);
            Add("bayes-sir-refit", Refitted(train, test, options.Bins, RefitWindowHours, 1), double.NaN, double.NaN);
            trainClicks += CalibrateScenario.Positives(train.Labels);
            testClicks += CalibrateScenario.Positives(test.Labels);
            draws.Add((folder, plots) => plots.Add(CalibratePlots.PcocByHour(
                folder,
                $"calibration-hours-{part}.svg",
                part == "mix" ? "PCOC by hour: the mix of contexts swings" : "PCOC by hour: the bias itself swings",
                test.Hours!,
                test.Labels,
                [.. calibrated.Where(c => c.Item1 is "none" or "bayes-sir" or "rtw-bsir" or "bayes-sir-refit")])));
        }
        return new ScenarioRun(
            samples, 3L * rows, trainClicks, 3L * rows, testClicks, (folder, plots) => draws.ForEach(draw => draw(folder, plots)));
    }

    public IEnumerable<CalibrateFinding> Findings(ScenarioTable table)
    {
        Interval Ratio(string part, string method) => table.Ratio(
            table.Of(part, method, s => s.HourlyVariance!.Value), table.Of(part, "bayes-sir", s => s.HourlyVariance!.Value));
        Interval mix = Ratio("mix", "rtw-bsir");
        yield return new CalibrateFinding("mix: variance of hourly PCOC, RTW-BSIR over Bayes-SIR", mix, "at most 0.5", mix.Value <= 0.5);
        yield return new CalibrateFinding(
            "mix: variance of hourly PCOC, Bayes-SIR by context over Bayes-SIR", Ratio("mix", "bayes-sir-by-context"), "for comparison",
            true);
        foreach (string part in new[] { "bias", "bias-alone" })
        {
            yield return new CalibrateFinding(
                $"{part}: variance of hourly PCOC, RTW-BSIR over Bayes-SIR", Ratio(part, "rtw-bsir"), "for comparison: it cannot mend this",
                true);
            yield return new CalibrateFinding(
                $"{part}: variance of hourly PCOC, Bayes-SIR by context over Bayes-SIR", Ratio(part, "bayes-sir-by-context"),
                "for comparison", true);
            yield return new CalibrateFinding(
                $"{part}: variance of hourly PCOC, hourly refit over Bayes-SIR", Ratio(part, "bayes-sir-refit"), "for comparison", true);
        }
    }

    private static IEnumerable<(string Part, ClickWorldOptions Options)> Parts() =>
        [("mix", Options(mixSwings: true)), ("bias", Options(mixSwings: false)), ("bias-alone", Options(mixSwings: false, contextBias: 0))];

    /// <summary>RTW-BSIR over a log.</summary>
    public static double[] RealTimeWeighted(
        ContextCounts training, CalibrateLog test, int bins, CalibrateRealTime.Schedule schedule, out double fitMs, out double applyNs)
    {
        long started = Stopwatch.GetTimestamp();
        var fit = new RealTimeWeightedSir(training, bins);
        fitMs = CalibrateScenario.ElapsedMs(started);
        var values = new double[test.Count];
        started = Stopwatch.GetTimestamp();
        CalibrateRealTime.Apply(fit, test, schedule, values);
        applyNs = CalibrateScenario.ElapsedMs(started) * 1e6 / test.Count;
        return values;
    }

    /// <summary>
    /// Bayes-SIR fitted anew every <paramref name="cadence"/> hours on the last <paramref name="window"/> hours of labels: a sliding window
    /// of hourly counts.
    /// </summary>
    public static double[] Refitted(CalibrateLog train, CalibrateLog test, int bins, int window, int cadence)
    {
        var hours = new Dictionary<int, ContextCounts>();
        CountHours(train, hours);
        var values = new double[test.Count];
        CalibrationMap map = CalibrationMap.Identity;
        int fittedAt = int.MinValue;
        for (int start = 0; start < test.Count;)
        {
            int hour = (int)Math.Floor(test.Hours![start]), end = start;
            while (end < test.Count && Math.Floor(test.Hours[end]) == hour)
                end++;
            if (fittedAt == int.MinValue || hour - fittedAt >= cadence)
            {
                var recent = new ContextCounts();
                for (int past = hour - window; past < hour; past++)
                {
                    if (hours.TryGetValue(past, out ContextCounts? counts))
                        recent.Merge(counts);
                }
                map = new BayesianSir(bins).Fit(recent).Root;
                fittedAt = hour;
            }
            map.Apply(test.Predictions.AsSpan(start, end - start), values.AsSpan(start, end - start));
            var seen = new ContextCounts();
            seen.At(null).Add(test.Predictions.AsSpan(start, end - start), test.Labels.AsSpan(start, end - start));
            hours[hour] = seen;
            start = end;
        }
        return values;
    }

    private static void CountHours(CalibrateLog log, Dictionary<int, ContextCounts> hours)
    {
        for (int i = 0; i < log.Count; i++)
        {
            int hour = (int)Math.Floor(log.Hours![i]);
            if (!hours.TryGetValue(hour, out ContextCounts? counts))
                hours[hour] = counts = new ContextCounts();
            counts.Add(null, log.Predictions[i], log.Labels[i]);
        }
    }
}
