using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Learning.Evaluation;
using Spectre.Console;

namespace RecallCluster.Cli.Reports;

/// <summary>The rows of an evaluation as text.</summary>
internal static class RetrievalDrawing
{
    public static void Draw(IAnsiConsole console, RetrievalRow[] rows)
    {
        Table table = Drawing.Table(
            $"Recall@{rows[0].K}, {Drawing.Count(rows[0].Users)} users (95 % intervals over users)",
            "method", "recall>", "interval>", "relative>", "overlap>", "scorings>", "of all ads>", "a request>",
            "less two-tower>", "less no side information>");
        foreach (RetrievalRow row in rows)
        {
            table.Row(
                row.Method,
                Drawing.Percent(row.Recall),
                $"{Drawing.Percent(row.RecallLow)} to {Drawing.Percent(row.RecallHigh)}",
                Drawing.Percent(row.RelativeRecall),
                Drawing.Percent(row.TopKOverlap),
                Drawing.Count((long)Math.Round(row.Scorings)),
                Drawing.Percent(row.ScoredFraction),
                Drawing.Milliseconds(row.MsPerRequest),
                Points(row.VersusTwoTower),
                Points(row.VersusNoSideInformation));
        }
        console.Write(table);
        console.WriteLine(
            "relative: recall over that of scoring every ad with the deep model; overlap: share of its best ads that were found.");
    }

    private static string Points(MeanInterval? difference) => difference is null
        ? ""
        : $"{difference.Mean * 100:+0.00;-0.00} ({difference.Low * 100:+0.00;-0.00} to {difference.High * 100:+0.00;-0.00})";
}
