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
        DrawMarket(console, report);
        DrawAblation(console, report.Ablation);
        DemoTimings t = report.Timings;
        console.WriteLine(
            $"Time: world {t.WorldSeconds:F0} s, training {t.TrainSeconds:F0} s, index {t.IndexSeconds:F0} s, tuning {t.TuneSeconds:F0} "
            + $"s, recall {t.EvalSeconds:F0} s, history {t.HistorySeconds:F0} s, served day {t.ServeSeconds:F0} s, days with a part off "
            + $"{t.AblationSeconds:F0} s; {t.TotalSeconds:F0} s in all.");
        string at = report.Directory;
        console.WriteLine();
        console.WriteLine("Next, with what this run made:");
        console.WriteLine($"  ./recall eval retrieval --data {at}/data --model {at}/models --index {at}/index --k {retrieval.K}");
        console.WriteLine($"  ./recall demo --serve        goes on serving, with the dashboard at http://127.0.0.1:8080/");
        console.WriteLine($"  ./recall serve --data {at}/data --model {at}/models --index {at}/index");
        console.WriteLine("and with ads of your own: ./recall data import --help");
    }

    private static void DrawMarket(IAnsiConsole console, DemoReport report)
    {
        DemoServing serving = report.Serving;
        DemoFeedback feedback = report.Feedback;
        console.Pairs(
            $"A day over HTTP, {serving.Shards} shards, the front door killed once and away for {feedback.SecondsAway:F1} s",
            ("requests", Drawing.Count(serving.Requests)),
            ("unanswered while it was away", Drawing.Count(feedback.RequestsUnanswered - serving.Errors)),
            ("errors beside that", Drawing.Count(serving.Errors)),
            ("p50, p90, p99", $"{Drawing.Milliseconds(serving.P50Ms)}, {Drawing.Milliseconds(serving.P90Ms)}, {Drawing.Milliseconds(serving.P99Ms)}"),
            ("events sent, applied", $"{Drawing.Count(feedback.Sent)}, {Drawing.Count(feedback.Applied)}"),
            ("duplicates, refused, lost", $"{Drawing.Count(feedback.Duplicates)}, {Drawing.Count(feedback.Refused)}, {Drawing.Count(feedback.Lost)}"),
            ("ledgers unlike what was acknowledged", Drawing.Count(feedback.LedgersThatDiffer.Count)));
        DemoBidding bidding = report.Bidding;
        DemoMarket market = report.Market;
        DemoCalibration calibration = report.Calibration;
        console.Pairs(
            $"{Drawing.Count(bidding.Campaigns)} campaigns",
            ("value won over the optimum's (R/R*)", Share(bidding.Ratio)),
            ("budgets that bind, KPIs that bind", $"{Share(bidding.BudgetBoundShare)}, {Share(bidding.KpiBoundShare)}"),
            ("KPIs kept up to 5 %", Share(bidding.KpiKeptShare)),
            ("spent of the budgets, overspent", $"{Share(bidding.SpentShare)}, {Drawing.Fixed(bidding.Overspend)}"),
            ("evenness of spending", Share(bidding.Evenness)),
            ("revenue", Drawing.Fixed(market.Revenue)),
            ("CTR, revenue of 1,000 impressions", $"{Share(market.Ctr)}, {Drawing.Fixed(market.Rpm ?? double.NaN)}"),
            ("advertisers' return on spend", Drawing.Fixed(market.AdvertiserRoi ?? double.NaN)),
            ("Cal-N before, after calibration", $"{Drawing.Fixed(calibration.CalNBefore ?? double.NaN, 3)}, {Drawing.Fixed(calibration.CalNAfter ?? double.NaN, 3)}"));
    }

    private static void DrawAblation(IAnsiConsole console, DemoAblation[] rows)
    {
        if (rows.Length == 0)
            return;
        Table table = Drawing.Table(
            $"What each part earns: the same {Drawing.Count(rows[0].Requests)} requests with one part off", "off", "R/R*>", "revenue>", "CTR, true>",
            "advertisers' return>", "KPIs kept>", "spent of budgets>", "evenness>", "Cal-N>");
        foreach (DemoAblation row in rows)
        {
            table.Row(
                row.Off, Share(row.Bidding.Ratio), Drawing.Fixed(row.Market.Revenue), Share(row.Market.TrueCtr),
                Drawing.Fixed(row.Market.AdvertiserRoi ?? double.NaN), Share(row.Bidding.KpiKeptShare), Share(row.Bidding.SpentShare),
                Share(row.Bidding.Evenness), Drawing.Fixed(row.Calibration.CalNAfter ?? double.NaN, 3));
        }
        console.Write(table);
    }

    private static string Share(double? value) => Drawing.Percent(value ?? double.NaN);
}
