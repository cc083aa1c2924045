using RecallCluster.Calibration.Metrics;
using RecallCluster.Cli.Infrastructure;
using Spectre.Console;

namespace RecallCluster.Cli.Workflows;

/// <summary>Reports of bidding as tables.</summary>
internal static class BidDrawing
{
    public static void Draw(IAnsiConsole console, BidSolveReport report)
    {
        console.Pairs(
            $"{Drawing.Count(report.Auctions)} auctions: {report.Status}",
            ("R*", report.Value.ToString("G8")),
            ("spent of the budget", $"{report.Spent:G8} of {report.Budget:G8}"),
            ("w0", report.Unbounded ? "infinite" : report.WeightValue.ToString("G8")),
            ("relative gap", report.RelativeGap.ToString("G2")),
            ("auctions won in part", Drawing.Count(report.Fractional.Count)),
            ("solved in", $"{Drawing.Milliseconds(report.SolveMs)}, {report.Iterations} iterations"));
        if (report.Kpi.Count == 0)
            return;
        Table table = Drawing.Table("KPIs", "name", "reached>", "limit>", "limit kept>", "limit needed>", "w>");
        foreach (BidSolveKpi kpi in report.Kpi)
            table.Row(
                kpi.Name, kpi.Value.ToString("G6"), kpi.Limit.ToString("G6"), kpi.LimitKept.ToString("G6"),
                kpi.LimitNeeded?.ToString("G6") ?? "", kpi.Weight.ToString("G6"));
        console.Write(table);
    }

    public static void Draw(IAnsiConsole console, BidReplayReport report)
    {
        Table table = Drawing.Table(
            $"{report.Product}, {Drawing.Count(report.Auctions)} auctions; known: {report.Known}", "budget>", "controller", "R>", "R*>",
            "R/R*>", "penalised/R*>", "spent/budget>", "KPI", "tick us>");
        foreach (BidReplayRow row in report.Rows)
            table.Row(
                Drawing.Percent(row.BudgetShare), row.Controller, Drawing.Fixed(row.Value, 3), Drawing.Fixed(row.ValueOptimal, 3),
                Drawing.Fixed(row.Ratio, 4), Drawing.Fixed(row.ValueOptimal > 0 ? row.PenalizedScore / row.ValueOptimal : 1, 4),
                Drawing.Fixed(row.Budget > 0 ? row.Spend / row.Budget : 0, 3),
                string.Join(", ", row.Kpi.Select(kpi => $"{kpi.Name} {kpi.Value:G4} of {kpi.Limit:G4}")), Drawing.Fixed(row.TickUs, 1));
        console.Write(table);
        Plots(console, report.Plots);
    }

    public static void Draw(IAnsiConsole console, BidTrainReport report)
    {
        Table table = Drawing.Table($"{report.Product}, days: {report.Days}", "controller", "score>", "seconds>", "resumed after round>");
        foreach (BidTraining training in report.Trainings)
            table.Row(
                training.Controller, Drawing.Fixed(training.Score, 4), Drawing.Fixed(training.Seconds, 1),
                Drawing.Count(training.ResumedAtRound));
        console.Write(table);
        console.MarkupLineInterpolated($"actors: {report.Out}");
        Plots(console, report.Plots);
    }

    public static void Draw(IAnsiConsole console, BidSimulateReport report)
    {
        foreach (IGrouping<string, BidSimulateRow> product in report.Rows.GroupBy(row => row.Product))
        {
            Table table = Drawing.Table(
                product.Key, "days differ", "controller", "R/R*>", "penalised>", "spent/budget>", "KPI kept>", "violation>");
            foreach (BidSimulateRow row in product)
                table.Row(
                    $"{row.Level} ({row.WeightDeviation:F2})", row.Controller, Text(row.Ratio), Text(row.PenalizedRatio),
                    Drawing.Fixed(row.BudgetUse, 3), Drawing.Percent(row.Kept), Drawing.Percent(row.Violation));
            console.Write(table);
        }
        foreach (BidFinding finding in report.Findings)
            console.MarkupLineInterpolated(
                $"{(finding.Holds ? "holds" : "FAILS")}: {finding.Claim}: {finding.Figure:F4}, wanted: {finding.Wanted}");
        console.MarkupLineInterpolated(
            $"{report.Campaigns} campaigns a cell, trained in {report.TrainSeconds:F1} s, replayed in {report.ReplaySeconds:F1} s");
        Plots(console, report.Plots);
    }

    private static string Text(Interval interval) => $"{interval.Value:F4} [{interval.Low:F4}, {interval.High:F4}]";

    private static void Plots(IAnsiConsole console, IReadOnlyList<string> plots)
    {
        foreach (string plot in plots)
            console.MarkupLineInterpolated($"plot: {plot}");
    }
}
