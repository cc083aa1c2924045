using RecallCluster.Cli.Plots;

namespace RecallCluster.Cli.Workflows;

/// <summary>Recall against scored fraction, from the rows of an evaluation.</summary>
internal static class RetrievalPlot
{
    public static LineChart Of(string dataset, RetrievalRow[] rows)
    {
        RetrievalRow[] guided = [.. rows.Where(r => r.Method == RetrievalRow.Guided).OrderBy(r => r.ScoredFraction)];
        double from = guided.Select(r => r.ScoredFraction).DefaultIfEmpty(0.01).Min() * 100;
        var series = new List<ChartSeries>
        {
            new(
                "guided by the deep model",
                [.. guided.Select(r => new ChartPoint(r.ScoredFraction * 100, r.Recall, $"relative recall {r.RelativeRecall:F3}"))]),
        };
        // The others score every ad: a level to compare with.
        foreach (RetrievalRow row in rows.Where(r => r.Method != RetrievalRow.Guided))
            series.Add(new ChartSeries($"{row.Method}, every ad scored", [new(from, row.Recall), new(100, row.Recall)]));
        return new LineChart(
            $"{dataset}: recall@{rows[0].K} by share of ads scored",
            new Axis("ads scored", "%", AxisScale.Logarithmic),
            new Axis($"recall@{rows[0].K}"),
            series);
    }
}
