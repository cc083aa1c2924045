using RecallCluster.Cli.Commands;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using Spectre.Console;

namespace RecallCluster.Cli.Reports;

/// <summary>The demonstration's report as text.</summary>
internal static class DemoDrawing
{
    public static void Draw(IAnsiConsole console, DemoReport report)
    {
        TrainCommand.Draw(console, report.Models);
        DemoRetrieval retrieval = report.Retrieval;
        Table table = Drawing.Table(
            $"Recall@{retrieval.K} of {Drawing.Count(retrieval.Items)} ads, {Drawing.Count(retrieval.Users)} users' held-out "
            + "clicks", "method", "recall>", "ads scored>");
        table.Row("deep model, every ad scored", Drawing.Percent(retrieval.ExhaustiveRecall), Drawing.Percent(1));
        table.Row("deep model walks the graph", Drawing.Percent(retrieval.Recall), Drawing.Percent(retrieval.ScoredFraction));
        table.Row("two-tower model, every ad scored", Drawing.Percent(retrieval.TwoTowerRecall), Drawing.Percent(1));
        console.Write(table);
        console.WriteLine(
            $"Walking the graph keeps {Drawing.Percent(retrieval.RelativeRecall)} of the recall of scoring every ad, for "
            + $"{Drawing.Percent(retrieval.ScoredFraction)} of the scorings.");
        DemoServing serving = report.Serving;
        console.Pairs(
            $"Served over HTTP by {serving.Shards} shards, {serving.Connections} connections",
            ("requests", Drawing.Count(serving.Requests)),
            ("errors", Drawing.Count(serving.Errors)),
            ("p50", Drawing.Milliseconds(serving.P50Ms)),
            ("p90", Drawing.Milliseconds(serving.P90Ms)),
            ("p99", Drawing.Milliseconds(serving.P99Ms)),
            ("requests a second", Drawing.Count((long)serving.RequestsPerSecond)));
        DemoTimings t = report.Timings;
        console.WriteLine(
            $"Time: world {t.WorldSeconds:F0} s, training {t.TrainSeconds:F0} s, index {t.IndexSeconds:F0} s, tuning {t.TuneSeconds:F0} "
            + $"s, recall {t.EvalSeconds:F0} s, serving {t.ServeSeconds:F0} s; {t.TotalSeconds:F0} s in all.");
        string at = report.Directory;
        console.WriteLine();
        console.WriteLine("Next, with what this run made:");
        console.WriteLine($"  ./recall eval retrieval --data {at}/data --model {at}/models --index {at}/index --k {retrieval.K}");
        console.WriteLine($"  ./recall serve --data {at}/data --model {at}/models --index {at}/index");
        console.WriteLine("and with ads of your own: ./recall data import --help");
    }
}
