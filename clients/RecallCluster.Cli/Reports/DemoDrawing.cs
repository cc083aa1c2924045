using System.Globalization;
using RecallCluster.Cli.Commands;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Learning.Evaluation;
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
        DrawMarket(console, report);
        DrawAblation(console, report.Ablation);
        DemoTimings t = report.Timings;
        console.WriteLine();
        console.WriteLine(
            $"Time: world {t.WorldSeconds:F0} s, training {t.TrainSeconds:F0} s, index {t.IndexSeconds:F0} s, tuning {t.TuneSeconds:F0} "
            + $"s, recall {t.EvalSeconds:F0} s, two days before {t.HistorySeconds:F0} s, served day {t.ServeSeconds:F0} s, "
            + $"days with a part off {t.AblationSeconds:F0} s; {t.TotalSeconds:F0} s in all.");
        string at = report.Directory;
        console.WriteLine();
        console.WriteLine("Next, with what this run made:");
        console.WriteLine($"  ./recall eval retrieval --data {at}/data --model {at}/models --index {at}/index --k {retrieval.K}");
        console.WriteLine($"  ./recall serve --data {at}/data --model {at}/models --index {at}/index");
        console.WriteLine("  ./recall demo --quick --serve    runs all of it again and goes on with traffic, so that the dashboard lives");
        console.WriteLine("and with ads of your own: ./recall data import --help");
    }

    private static void DrawMarket(IAnsiConsole console, DemoReport report)
    {
        DemoServing serving = report.Serving;
        DemoFeedback feedback = report.Feedback;
        console.WriteLine();
        console.Pairs(
            report.Cluster is { } served
                ? $"A day over HTTP, {serving.Shards} shards, {served.Silos} silos; {served.Rebalanced.Silo} was killed (kill -9) and back "
                    + $"after {served.Rebalanced.SecondsToReturn:F1} s"
                : $"A day over HTTP, {serving.Shards} shards; "
                    + $"the front door was killed (kill -9) once and away for {feedback.SecondsAway:F1} s",
            ("requests", Drawing.Count(serving.Requests)),
            ("unanswered while it was away", Drawing.Count(feedback.RequestsUnanswered - serving.Errors)),
            ("errors beside that", Drawing.Count(serving.Errors)),
            ("latency p50, p90, p99",
                string.Join(", ", Array.ConvertAll([serving.P50Ms, serving.P90Ms, serving.P99Ms], Drawing.Milliseconds))),
            ("events sent, applied", $"{Drawing.Count(feedback.Sent)}, {Drawing.Count(feedback.Applied)}"),
            ("duplicates, refused, lost",
                string.Join(", ", Array.ConvertAll([feedback.Duplicates, feedback.Refused, feedback.Lost], Drawing.Count))),
            ("ledgers unlike what was acknowledged", Drawing.Count(feedback.LedgersThatDiffer.Count)));
        if (report.Cluster is { } cluster)
            DrawCluster(console, cluster);
        DemoBidding bidding = report.Bidding;
        DemoMarket market = report.Market;
        DemoCalibration calibration = report.Calibration;
        console.WriteLine();
        console.Pairs(
            $"How {Drawing.Count(bidding.Campaigns)} campaigns fared that day",
            ("value won of each one's optimum (R/R*)", Share(bidding.Ratio)),
            ("the same, less for KPIs missed (score)", Share(bidding.Score)),
            ("bound by the budget, by a KPI, as planned", $"{Share(bidding.BudgetBoundShare)}, {Share(bidding.KpiBoundShare)} of them"),
            ("KPIs kept up to 10 %, by the truth", Share(bidding.KpiKeptShare)),
            ("spent of the budgets, overspent", $"{Share(bidding.SpentShare)}, {Drawing.Fixed(bidding.Overspend)}"),
            ("evenness of spending (1 is as the traffic)", Share(bidding.Evenness)),
            ("revenue", $"{Drawing.Fixed(market.Revenue)}, {Drawing.Fixed(market.Rpm ?? double.NaN)} for 1,000 impressions"),
            ("clicks of impressions (CTR)", $"{Drawing.Count(market.Clicks)} of {Drawing.Count(market.Impressions)} ({Share(market.Ctr)})"),
            ("advertisers' return on spend", Drawing.Fixed(market.AdvertiserRoi ?? double.NaN)),
            ("error of pCTR before, after calibration",
                string.Join(", ", Array.ConvertAll(
                    [calibration.CalNBefore, calibration.CalNAfter], error => Drawing.Fixed(error ?? double.NaN)))
                + " (Cal-N, 0 is perfect)"));
    }

    private static void DrawCluster(IAnsiConsole console, DemoCluster cluster)
    {
        DemoRebalanced moved = cluster.Rebalanced;
        console.WriteLine();
        console.Pairs(
            $"What became of {moved.Silo}'s share of the work",
            ("coverage of the answers, lowest and at the end", $"{Share(cluster.Coverage.Lowest)}, {Share(cluster.Coverage.AtEnd)}"),
            ("answers of less than all ads", $"{Drawing.Count(cluster.Coverage.Partial)} of {Drawing.Count(cluster.Coverage.Answers)}"),
            ("the last of them after the kill", $"{moved.SecondsToFullCoverage:F1} s"),
            ("replicas of shards placed again", $"{Drawing.Count(moved.ShardReplicas)}"
                + (moved.SecondsToPlace is { } placed ? $", within {placed:F1} s" : "")),
            ("campaigns that moved", Drawing.Count(moved.Campaigns)));
    }

    private static void DrawAblation(IAnsiConsole console, DemoAblation[] rows)
    {
        if (rows.Length == 0)
            return;
        Table table = Drawing.Table(
            $"What each part earns: the same {Drawing.Count(rows[0].Requests)} requests with one part off",
            "off", "worth>", "change>", "score>", "change>", "KPIs kept>", "return>", "Cal-N>", "p50>");
        foreach (DemoAblation row in rows)
        {
            double full = rows[0].Market.RequestWorth ?? double.NaN;
            table.Row(
                row.Off, Drawing.Fixed(row.Market.RequestWorth ?? double.NaN, 1), Change(row.Change?.Worth, full),
                Score(row, rows[0]), Change(row.Change?.Score, 1), Whole(row.Bidding.KpiKeptShare),
                Drawing.Fixed(row.Market.AdvertiserRoi ?? double.NaN), Drawing.Fixed(row.Calibration.CalNAfter ?? double.NaN),
                Drawing.Milliseconds(row.Latency.P50Ms));
        }
        console.WriteLine();
        console.Write(table);
        console.WriteLine(
            "Worth: of 1,000 requests' clicks and conversions to advertisers, by the true probabilities. Return: the same over what was "
            + "paid. A change within its ± (95 %, paired) may be chance. A score is by a campaign's own predictions: no comparison where "
            + "these differ.");
    }

    private static string Change(MeanInterval? change, double unit) => change is null || !(unit > 0) ? ""
        : string.Create(
            CultureInfo.InvariantCulture, $"{100 * change.Mean / unit:+0.0;-0.0} ± {100 * (change.High - change.Low) / 2 / unit:F1} %");

    private static string Score(DemoAblation row, DemoAblation full) =>
        row == full || row.Change?.Score is not null ? Whole(row.Bidding.Score) : "";

    private static string Whole(double? share) =>
        share is { } known ? string.Create(CultureInfo.InvariantCulture, $"{100 * known:F0} %") : "";

    private static string Share(double? value) => Drawing.Percent(value ?? double.NaN);
}
