using System.CommandLine;
using RecallCluster.Cli.Benches;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Plots;
using RecallCluster.Learning.Models;
using RecallCluster.Retrieval.Guided;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall bench retrieval</c>.</summary>
internal static class BenchRetrievalCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var defaults = new RetrievalOptions();
        Option<int> items = OptionKit.Number("--items", "Ads of the synthetic world.", defaults.Items, 1_000, 10_000_000);
        Option<int> users = OptionKit.Number("--users", "Users of the world, whose clicks train the models.", defaults.Users, 100);
        Option<int> k = OptionKit.Number("--k", "Ads wanted per request.", defaults.K, 1, 1_000_000);
        Option<int> scorings = OptionKit.Number("--scorings", "Most scorings per request.", defaults.Scorings, 1);
        Option<int> evaluated = OptionKit.Number(
            "--evaluated-users", "Test users for recall; each costs scoring every ad once.", defaults.EvaluatedUsers, 1);
        Option<int> requests = OptionKit.Number("--requests", "Timed requests of each kind of load.", defaults.Requests, 1);
        Option<double> minutes = OptionKit.Real(
            "--train-minutes", "Most minutes of training for each model.", defaults.TrainMinutes, 0.01, 10_000);
        Option<string> visited = OptionKit.Choice("--visited", "The visited set.", "bitmap", "hashset");
        Option<string> attention = OptionKit.Choice(
            "--attention", "Attention of the deep model; linear attention folds.", "linear", "softmax");
        Option<string> records = OptionKit.Choice(
            "--records", "How the ads' records are held that the walk scores.", "float32", "bfloat16");
        Option<string?> work = OptionKit.Optional(
            "--work", "Folder that keeps world, models and index for the next run, which takes them as they are.", "DIR");
        Option<string?> plot = OptionKit.Optional(
            "--plot", "Draw the share of the best K found against scored fraction, as tuning measured it.", "FILE.svg");
        Option<int> threads = OptionKit.Threads();
        var scorer = new ScorerOptions();
        Option<int[]> inFlight = OptionKit.Numbers(
            "--in-flight", "Also time so many requests at once, by the --scorer; several values make several rows.", [], 1, 1024);
        Option<int> seconds = OptionKit.Number(
            "--row-seconds", "Least seconds for which each number of requests at once is timed.", 0, 0, 3_600);
        Option<bool> quick = OptionKit.Switch(
            "--quick", "Only time requests at once, with the knobs that an earlier run tuned, where --work has them.");
        Option<string?> export = OptionKit.Optional("--export", "Write the requests timed at once, for a peer.", "FILE.safetensors");
        return builder.Build(
            "retrieval",
            "Guided retrieval at scale on a synthetic world: recall and time beside scoring every ad.",
            [
                items, users, k, scorings, evaluated, requests, minutes, visited, attention, records, work, plot, threads, .. scorer.All,
                inFlight, seconds, quick, export,
            ],
            async (parsed, context) =>
            {
                if (parsed.GetValue(quick) && parsed.GetValue(inFlight) is not { Length: > 0 })
                    throw new UsageException("--quick wants --in-flight.");
                // Fails at once where an option makes no sense; shapes are known when there is a model.
                _ = scorer.Read(parsed, modelFolder: null);
                var options = new RetrievalOptions
                {
                    Items = parsed.GetValue(items),
                    Users = parsed.GetValue(users),
                    K = parsed.GetValue(k),
                    Scorings = parsed.GetValue(scorings),
                    EvaluatedUsers = parsed.GetValue(evaluated),
                    Requests = parsed.GetValue(requests),
                    TrainMinutes = parsed.GetValue(minutes),
                    Visited = parsed.GetValue(visited) == "hashset" ? VisitedKind.HashSet : VisitedKind.Bitmap,
                    Attention = parsed.GetValue(attention) == "softmax" ? AttentionKind.Softmax : AttentionKind.Linear,
                    Bfloat16 = parsed.GetValue(records) == "bfloat16",
                    InFlight = parsed.GetValue(inFlight) ?? [],
                    DeviceOf = folder => scorer.Read(parsed, folder),
                    TimeOfRow = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                    Export = parsed.GetValue(export),
                    Work = parsed.GetValue(work),
                    Threads = parsed.GetValue(threads),
                    Seed = context.Seed,
                };
                if (parsed.GetValue(quick))
                {
                    InFlightReport rows = await context.RunAsync(
                        stages => RetrievalBench.RunInFlight(options, stages, context.Cancellation)).ConfigureAwait(false);
                    context.Write(rows, Draw);
                    return;
                }
                RetrievalReport report = await context.RunAsync(
                    stages => RetrievalBench.Run(options, stages, context.Cancellation)).ConfigureAwait(false);
                if (parsed.GetValue(plot) is { } file)
                    PlotFile.Save(file, PlotOf(report));
                context.Write(report, Draw);
            });
    }

    private static LineChart PlotOf(RetrievalReport report) => new(
        $"Guided retrieval of {Drawing.Count(report.K)} from {Drawing.Count(report.Items)} ads",
        new Axis("ads scored", "%", AxisScale.Logarithmic),
        new Axis($"share of the best {report.K} found"),
        [
            new ChartSeries(
                "validation users, by budget",
                [.. report.Frontier.Select(p => new ChartPoint(p.ScoredFraction * 100, p.Overlap, $"{p.MsPerRequest:F2} ms"))]),
            new ChartSeries(
                "test users, as measured", [new ChartPoint(report.ScoredFraction * 100, report.TopKOverlap, $"p50 {report.P50Ms:F2} ms")]),
        ]);

    private static void Draw(IAnsiConsole console, RetrievalReport report)
    {
        DrawWhole(console, report);
        if (report.InFlight is { } requests)
            Draw(console, requests);
    }

    private static void Draw(IAnsiConsole console, InFlightReport requests)
    {
        Table table = Drawing.Table(
            $"{requests.Scorer}: {requests.Description}; {Drawing.Percent(requests.OverlapWithHost)} of what the host finds", "in flight>",
            "requests/s>", "p50>", "p99>", "scorings/s>", "GFLOP/s>", "GB/s>", "requests a batch>");
        foreach (InFlightRow row in requests.Rows)
        {
            table.Row(
                Drawing.Count(row.InFlight), Drawing.Fixed(row.RequestsPerSecond, 1), Drawing.Milliseconds(row.P50Ms),
                Drawing.Milliseconds(row.P99Ms), Drawing.Count((long)row.ScoringsPerSecond), Drawing.Fixed(row.Gflops, 1),
                Drawing.Fixed(row.GigabytesPerSecond, 1), Drawing.Fixed(row.RequestsPerBatch ?? double.NaN, 1));
        }
        console.Write(table);
    }

    private static void DrawWhole(IAnsiConsole console, RetrievalReport report)
    {
        console.Pairs(
            $"{Drawing.Count(report.K)} of {Drawing.Count(report.Items)} ads",
            ("scorings", $"{Drawing.Count((long)report.Scorings)}, {Drawing.Percent(report.ScoredFraction)} of the ads"),
            ("recall", $"{Drawing.Percent(report.Recall)}; scoring every ad {Drawing.Percent(report.ExhaustiveRecall)}; two-tower, every "
            + $"ad {Drawing.Percent(report.TwoTowerRecall)}"),
            ("relative recall", Drawing.Percent(report.RelativeRecall)),
            ("overlap with the best K", Drawing.Percent(report.TopKOverlap)),
            ("one request at a time",
                $"p50 {Drawing.Milliseconds(report.P50Ms)}, p99 {Drawing.Milliseconds(report.P99Ms)} on {report.Threads} threads"),
            ("of which, on average", $"encode {Drawing.Milliseconds(report.MeanMs.Encode)}, gather "
            + $"{Drawing.Milliseconds(report.MeanMs.Gather)}, score {Drawing.Milliseconds(report.MeanMs.Score)}, select "
            + $"{Drawing.Milliseconds(report.MeanMs.Select)}"),
            ("side by side", $"{Drawing.Fixed(report.RequestsPerSecond, 1)} requests/s on {report.Threads} threads"),
            ("as tuned", $"{Drawing.Count((long)report.Tuned.Scorings)} scorings, {Drawing.Percent(report.Tuned.TopKOverlap)} of the "
            + $"best K, p50 {Drawing.Milliseconds(report.Tuned.P50Ms)}, {Drawing.Fixed(report.Tuned.RequestsPerSecond, 1)} requests/s"),
            ("index", $"{Drawing.Count((long)report.BytesPerItem)} bytes an ad ({Drawing.Fixed(report.MemoryRatio)} x vectors, records "
            + $"and graph), opened in {Drawing.Milliseconds(report.OpenMs)}"),
            ("training, graph", $"{Drawing.Seconds(report.TrainSeconds)}, {Drawing.Seconds(report.BuildSeconds)}"));
    }
}
