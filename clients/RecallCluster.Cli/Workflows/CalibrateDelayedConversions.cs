using System.Diagnostics;
using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Calibration.PostClick;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Clicks;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// Two weeks of clicks whose conversions take up to a week; SIR is to be fitted now, on the clicks of the last day. Parts: 'steady'
/// (nothing changes), 'release' (a new model with another bias took over a day ago), 'demand' (customers convert more readily since a day
/// ago).
/// </summary>
internal sealed class DelayedConversions : ICalibrateScenario
{
    private const double Now = 336;
    private const double Window = 168;
    private const double RecentHours = 24;
    private const double SignalHours = 0.25;
    private const int ClicksPerHour = 1000;
    private const int Bins = 20;

    public string Name => "delayed-conversions";

    public IEnumerable<string> Remarks =>
    [
        "all fit the same SIR (20 bins); they differ in the labels. waiting: clicks of the last day whose week is over (true, a week "
        + "old). naive: clicks of the last day, converted so far or not. pccem: clicks of the last day with soft labels, from signals "
        + "and the raw prediction; pccem-signals: from signals alone. hindsight: the last day's final labels, which nobody has yet.",
    ];

    public ScenarioRun Run(ulong seed, CalibrateScenarioOptions options)
    {
        var samples = new List<ScenarioSample>();
        long trained = 0, tested = 0;
        double trainPositives = 0, testPositives = 0;
        foreach ((string part, ConversionWorldOptions make) in Parts())
        {
            var random = new SeededRandom(seed);
            var world = new ConversionWorld(make);
            ConversionLog past = world.Generate((int)(Now * ClicksPerHour * options.Scale), 0, Now, random);
            ConversionLog next = world.Generate((int)(12 * ClicksPerHour * options.Scale), Now, Now + 12, random);
            byte[] labels = [.. next.Delays.Select(delay => (byte)(double.IsFinite(delay) ? 1 : 0))];
            var evaluator = new CalibrationEvaluator(
                next.Predictions, labels, options: new EvaluationOptions { Clusters = options.Clusters, Replicates = 0 });
            void Add(string method, ContextCounts? counts)
            {
                long started = Stopwatch.GetTimestamp();
                CalibrationMap map = counts is null
                    ? CalibrationMap.Identity
                    : new SmoothedIsotonicRegression(Bins, asGiven: true).Fit(counts).Root;
                double fitMs = CalibrateScenario.ElapsedMs(started);
                var values = new double[next.Count];
                started = Stopwatch.GetTimestamp();
                map.Apply(next.Predictions, values);
                double applyNs = CalibrateScenario.ElapsedMs(started) * 1e6 / next.Count;
                samples.Add(new ScenarioSample(part, method, evaluator.Evaluate(values, next.Truths), fitMs, applyNs)
                {
                    DistanceToBestMap = values.Zip(next.Attainable, (value, best) => Math.Abs(value - best)).Average(),
                });
            }
            Add("none", null);
            Add("waiting", Label(past, Now - Window - RecentHours, Now - Window, delay => double.IsFinite(delay)));
            Add("naive", Label(past, Now - RecentHours, Now, (delay, click) => click + delay <= Now));
            Add("pccem", SoftLabelled(past, withPrediction: true));
            Add("pccem-signals", SoftLabelled(past, withPrediction: false));
            Add("hindsight", Label(past, Now - RecentHours, Now, delay => double.IsFinite(delay)));
            trained += past.Count;
            tested += next.Count;
            trainPositives += past.Delays.Count(double.IsFinite);
            testPositives += CalibrateScenario.Positives(labels);
        }
        return new ScenarioRun(samples, trained, trainPositives, tested, testPositives);
    }

    public IEnumerable<CalibrateFinding> Findings(ScenarioTable table)
    {
        foreach (string part in Parts().Select(p => p.Part))
        {
            foreach (string rival in new[] { "waiting", "naive", "pccem-signals", "hindsight" })
            {
                bool claimed = rival is "naive" or "waiting";
                Interval ratio = Ratio(part, rival, s => s.DistanceToBestMap!.Value);
                yield return new CalibrateFinding(
                    $"{part}: distance to the best map of the prediction, PCCEM over {rival}", ratio,
                    claimed ? "below 1" : "for comparison", !claimed || ratio.Value < 1);
                yield return new CalibrateFinding(
                    $"{part}: distance to the truth (what the model does not know included), PCCEM over {rival}",
                    Ratio(part, rival, s => s.Scores.DistanceToTruth!.Value.Value), "for comparison", true);
            }
        }

        Interval Ratio(string part, string rival, Func<ScenarioSample, double> figure) =>
            table.Ratio(table.Of(part, "pccem", figure), table.Of(part, rival, figure));
    }

    private static IEnumerable<(string Part, ConversionWorldOptions Options)> Parts() =>
    [
        ("steady", new ConversionWorldOptions()),
        ("release", new ConversionWorldOptions { ReleaseHour = Now - RecentHours }),
        ("demand", new ConversionWorldOptions { TruthShiftHour = Now - RecentHours, TruthShift = 1.5 }),
    ];

    private static ContextCounts Label(ConversionLog log, double from, double to, Func<double, bool> converted) =>
        Label(log, from, to, (delay, _) => converted(delay));

    private static ContextCounts Label(ConversionLog log, double from, double to, Func<double, double, bool> converted)
    {
        var counts = new ContextCounts();
        for (int i = 0; i < log.Count; i++)
        {
            if (log.Hours[i] >= from && log.Hours[i] < to)
                counts.Add(null, log.Predictions[i], converted(log.Delays[i], log.Hours[i]) ? 1 : 0);
        }
        return counts;
    }

    // Clicks and conversions arrive in the order of time, as they would; what has not happened by now is not told.
    private static ContextCounts SoftLabelled(ConversionLog log, bool withPrediction)
    {
        var ledger = new PostClickLedger(new PostClickOptions(Window, SignalHours, Slice: 1));
        var conversions = new PriorityQueue<long, double>();
        for (int i = 0; i < log.Count; i++)
        {
            Deliver(ledger, conversions, log.Hours[i]);
            double[] signals = withPrediction
                ? [.. log.Signals[i], Math.Log(log.Predictions[i] / (1 - log.Predictions[i]))]
                : log.Signals[i];
            ledger.RecordClick(i, log.Hours[i], log.Predictions[i], null, signals);
            if (double.IsFinite(log.Delays[i]))
                conversions.Enqueue(i, log.Hours[i] + log.Delays[i]);
            if (i % (int)(24 * ClicksPerHour) == 0)
                ledger.Advance(log.Hours[i]);
        }
        Deliver(ledger, conversions, Now);
        ledger.Advance(Now);
        if (!ledger.Train())
            throw new InvalidOperationException("No click has matured; the scenario needs more than a week of clicks.");
        ledger.Advance(Now);
        return ledger.Snapshot(Now - RecentHours);
    }

    private static void Deliver(PostClickLedger ledger, PriorityQueue<long, double> conversions, double until)
    {
        while (conversions.TryPeek(out long click, out double time) && time <= until)
        {
            conversions.Dequeue();
            ledger.RecordConversion(click, time);
        }
    }
}
