using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Methods;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Clicks;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// A campaign is over-estimated by 30 % on top of a model whose error bends over the range of scores. Two parts, so that the shape
/// of the error does not decide the ranking unseen: a wave that no parametric method can undo, and a straight line in the logit, which is
/// exactly what Platt scaling assumes.
/// </summary>
internal sealed class OverestimatedCampaign : ICalibrateScenario
{
    public const int Campaign = 3;
    private const int Impressions = 400_000;
    private static readonly string[] Rivals = ["platt", "beta", "binning", "isotonic"];

    public string Name => "overestimated-campaign";

    public IEnumerable<string> Remarks =>
    [
        "part 'wavy': the model's error is a wave in the logit; part 'straight': a line in the logit, Platt's own assumption. The order of "
        + "methods depends on it.",
        "'truth' is the true probability itself: what chance alone leaves of each metric.",
    ];

    public ScenarioRun Run(ulong seed, CalibrateScenarioOptions options)
    {
        var samples = new List<ScenarioSample>();
        double trainClicks = 0, testClicks = 0;
        int rows = (int)(Impressions * options.Scale);
        Action<string, List<string>>? draw = null;
        foreach (Distortion distortion in new[] { Distortion.Wavy, Distortion.Straight })
        {
            var random = new SeededRandom(seed);
            var world = new ClickWorld(Options(distortion), random);
            CalibrateLog train = CalibrateScenario.AsLog(world, world.Generate(rows, 0, 24, random), byContext: false);
            ClickLog served = world.Generate(rows, 24, 48, random);
            CalibrateLog test = CalibrateScenario.AsLog(world, served, byContext: false);
            ContextCounts counts = CalibrateEval.Count(train);
            CalibrationEvaluator evaluator = CalibrateScenario.EvaluatorOf(test, options);
            string part = distortion == Distortion.Wavy ? "wavy" : "straight";
            CalibrationEvaluator over = EvaluatorOfCampaign(served, options);
            var calibrated = new List<(string, double[])>();
            void Add(string method, double[] values, double fitMs, double applyNs)
            {
                samples.Add(new ScenarioSample(part, method, evaluator.Evaluate(values, served.Truths), fitMs, applyNs));
                samples.Add(new ScenarioSample(
                    part + ", campaign over by 30 %", method, over.Evaluate(OfCampaign(served, values), OfCampaign(served, served.Truths)),
                    fitMs, applyNs));
                calibrated.Add((method, values));
            }
            Add("none", test.Predictions, 0, 0);
            foreach (ICalibrator method in CalibrateMethods.All(options.Bins, withContexts: true))
            {
                (double[] values, double fitMs, double applyNs) = CalibrateScenario.Timed(method, counts, test);
                Add(method.Name, values, fitMs, applyNs);
            }
            Add("truth", served.Truths, 0, 0);
            trainClicks += CalibrateScenario.Positives(train.Labels);
            testClicks += CalibrateScenario.Positives(test.Labels);
            draw ??= (folder, plots) => plots.Add(CalibratePlots.Reliability(
                folder, "calibration-reliability.svg", "Reliability before and after (overestimated-campaign, wavy)", test.Labels,
                [.. calibrated.Where(c => c.Item1 is "none" or "platt" or "sir" or "bayes-sir")]));
        }
        return new ScenarioRun(samples, 2L * rows, trainClicks, 2L * rows, testClicks, draw);
    }

    public IEnumerable<CalibrateFinding> Findings(ScenarioTable table)
    {
        foreach (string part in new[] { "wavy", "straight" })
        {
            double[] sir = table.Of(part, "sir", s => s.Scores.CalN.Value);
            foreach (string rival in Rivals)
            {
                Interval difference = table.Difference(sir, table.Of(part, rival, s => s.Scores.CalN.Value));
                yield return new CalibrateFinding(
                    $"{part}: SIR is best or tied in Cal-N against {rival} (difference)", difference, "not above 0 beyond chance",
                    difference.Low <= 0);
            }
        }
        const string Over = "wavy, campaign over by 30 %";
        double[] before = table.Of(Over, "none", Excess);
        foreach (string method in new[] { "sir", "bayes-sir" })
        {
            Interval left = table.Ratio(table.Of(Over, method, Excess), before);
            bool claimed = method == "bayes-sir";
            yield return new CalibrateFinding(
                $"wavy: share of |PCOC - 1| that is left of the campaign over by 30 %, {method}", left, claimed
                    ? "at most 1/3"
                    : "for comparison", !claimed || left.Value <= 1.0 / 3);
        }
    }

    private static double Excess(ScenarioSample sample) => Math.Abs(sample.Scores.Pcoc.Value - 1);

    private static ClickWorldOptions Options(Distortion distortion) => new()
    {
        Distortion = distortion,
        OverallBias = 1.1,
        BiasOfCampaign = new Dictionary<int, double> { [Campaign] = 1.3 },
    };

    private static CalibrationEvaluator EvaluatorOfCampaign(ClickLog log, CalibrateScenarioOptions options)
    {
        byte[] labels = [.. log.Clicks.Where((_, i) => log.Campaigns[i] == Campaign)];
        return new CalibrationEvaluator(
            OfCampaign(log, log.Predictions), labels,
            options: new EvaluationOptions { Clusters = Math.Min(5, options.Clusters), Replicates = 0 });
    }

    private static double[] OfCampaign(ClickLog log, double[] values) => [.. values.Where((_, i) => log.Campaigns[i] == Campaign)];
}

/// <summary>Many campaigns, most of them with next to no impressions, each with a bias of its own around its advertiser's.</summary>
internal sealed class YoungCampaigns : ICalibrateScenario
{
    private const int Impressions = 300_000;
    private const int YoungBelow = 200;

    public string Name => "young-campaigns";

    public IEnumerable<string> Remarks =>
        [$"a campaign is young with fewer than {YoungBelow} training impressions (1 to 6 clicks); 'sir' is one map over everything, "
            + "'sir-per-context' one map a campaign from its own counts."];

    public ScenarioRun Run(ulong seed, CalibrateScenarioOptions options)
    {
        var random = new SeededRandom(seed);
        int rows = (int)(Impressions * options.Scale);
        var world = new ClickWorld(
            new ClickWorldOptions
            {
                Campaigns = 300,
                Advertisers = 15,
                TrafficSpread = 2,
                AdvertiserBias = 0.3,
                CampaignBias = 0.25,
                Distortion = Distortion.Wavy,
            },
            random);
        CalibrateLog train = CalibrateScenario.AsLog(world, world.Generate(rows, 0, 24, random), byContext: false);
        ClickLog served = world.Generate(rows, 24, 48, random);
        CalibrateLog test = CalibrateScenario.AsLog(world, served, byContext: false);
        ContextCounts counts = CalibrateEval.Count(train);
        CalibrationEvaluator evaluator = CalibrateScenario.EvaluatorOf(test, options);
        int[] trained = new int[Math.Max(train.GroupNames.Length, test.GroupNames.Length)];
        foreach (int campaign in train.Groups!)
            trained[campaign]++;
        var samples = new List<ScenarioSample>();
        void Add(string method, double[] values, double fitMs, double applyNs) => samples.Add(new ScenarioSample(
            "all", method, evaluator.Evaluate(values, served.Truths), fitMs, applyNs, DistanceOnYoung: Distance(
                served, values, campaign => trained[campaign] < YoungBelow)));
        Add("none", test.Predictions, 0, 0);
        foreach (ICalibrator method in CalibrateMethods.All(options.Bins, withContexts: true))
        {
            (double[] values, double fitMs, double applyNs) = CalibrateScenario.Timed(method, counts, test);
            Add(method.Name, values, fitMs, applyNs);
        }
        return new ScenarioRun(samples, rows, CalibrateScenario.Positives(train.Labels), rows, CalibrateScenario.Positives(test.Labels));
    }

    public IEnumerable<CalibrateFinding> Findings(ScenarioTable table)
    {
        double[] bayes = table.Of("all", "bayes-sir", s => s.DistanceOnYoung!.Value);
        Interval perCampaign = table.Ratio(bayes, table.Of("all", "sir-per-context", s => s.DistanceOnYoung!.Value));
        yield return new CalibrateFinding(
            "young campaigns: distance to the truth, Bayes-SIR over SIR fitted per campaign", perCampaign, "at most 0.5",
            perCampaign.Value <= 0.5);
        Interval global = table.Ratio(bayes, table.Of("all", "sir", s => s.DistanceOnYoung!.Value));
        yield return new CalibrateFinding(
            "young campaigns: distance to the truth, Bayes-SIR over one SIR map for all", global, "below 1", global.Value < 1);
        Interval all = table.Ratio(
            table.Of("all", "bayes-sir", s => s.Scores.DistanceToTruth!.Value.Value),
            table.Of("all", "sir", s => s.Scores.DistanceToTruth!.Value.Value));
        yield return new CalibrateFinding(
            "all campaigns: distance to the truth, Bayes-SIR over one SIR map for all", all, "below 1", all.Value < 1);
    }

    private static double Distance(ClickLog log, double[] values, Func<int, bool> of)
    {
        double sum = 0;
        int count = 0;
        for (int i = 0; i < log.Count; i++)
        {
            if (!of(log.Campaigns[i]))
                continue;
            sum += Math.Abs(values[i] - log.Truths[i]);
            count++;
        }
        return count == 0 ? 0 : sum / count;
    }
}
