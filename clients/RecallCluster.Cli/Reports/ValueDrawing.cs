using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Learning.Evaluation;
using Spectre.Console;

namespace RecallCluster.Cli.Reports;

/// <summary>Value recall as text.</summary>
internal static class ValueDrawing
{
    public static void Draw(IAnsiConsole console, ValueReport report)
    {
        Table table = Drawing.Table(
            $"Value of the {report.Rows[0].K} ads found over that of the best of all {Drawing.Count(report.Ads)}, "
            + $"{Drawing.Count(report.Rows[0].Requests)} requests (95 % bootstrap intervals)",
            "method", "handed over>", "scorings>", "value recall>", "interval>", "less interest>",
            $"best {report.Slots}>", $"best {report.Slots} less interest>", "a request>");
        foreach (ValueRow row in report.Rows)
        {
            table.Row(
                row.Method,
                Drawing.Count(row.HandedOver),
                Drawing.Count((long)Math.Round(row.Scorings)),
                Drawing.Percent(row.ValueRecall.Mean),
                $"{Drawing.Percent(row.ValueRecall.Low)} to {Drawing.Percent(row.ValueRecall.High)}",
                Points(row.VersusInterest),
                Drawing.Percent(row.SlotRecall.Mean),
                Points(row.SlotsVersusInterest),
                row.MsPerRequest == 0 ? "" : Drawing.Milliseconds(row.MsPerRequest));
        }
        console.Write(table);
        console.WriteLine(
            $"{Drawing.Count(report.Campaigns)} campaigns, {report.Bids}, "
                + (report.PerCampaign is { } most ? $"at most {most} ads of each, " : "")
            + (report.ClickSlope is { } slope
                ? $"click rate {Drawing.Percent(report.ClickRate)}, click slope {Drawing.Fixed(slope, 3)}."
                : "click probabilities as the market's own calibration has them."));
    }

    private static string Points(MeanInterval? difference) => difference is null
        ? ""
        : $"{difference.Mean * 100:+0.00;-0.00} ({difference.Low * 100:+0.00;-0.00} to {difference.High * 100:+0.00;-0.00})";
}
