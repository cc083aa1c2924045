using System.CommandLine;
using RecallCluster.Cli.Benches;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Plots;
using RecallCluster.Numerics;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall bench ann</c>.</summary>
internal static class BenchAnnCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var defaults = new AnnOptions();
        Option<int> items = OptionKit.Number("--items", "Vectors of the generated sets.", defaults.Items, 1);
        Option<int> dim = OptionKit.Number("--dim", "Components of a vector.", defaults.Dim, 1, 4096);
        Option<int> queries = OptionKit.Number("--queries", "Queries of a set.", defaults.Queries, 1);
        Option<int> k = OptionKit.Number("--k", "Neighbours a query.", defaults.K, 1, 10_000);
        Option<int> m = OptionKit.Number("--m", "Links of a new node, for both sides.", defaults.M, 2, 256);
        Option<int> efConstruction = OptionKit.Number(
            "--ef-construction", "Width of construction, for both sides.", defaults.EfConstruction, 1, 100_000);
        Option<double[]> recall = OptionKit.Reals(
            "--recall", "The recall at which speed is compared; several values make several rows, each with graphs of its own.",
            [defaults.Recall], 0.01, 1);
        Option<int> buildThreads = OptionKit.Number(
            "--build-threads", "Building threads, for both sides; searches run on one.", defaults.BuildThreads, 1, 1024);
        Option<int> rounds = OptionKit.Number(
            "--rounds", "Timed rounds; in each, both sides answer all queries.", defaults.Rounds, 1, 100_000);
        Option<string?> vectors = OptionKit.Optional(
            "--vectors",
            "Learned vectors: an index directory, of which at most --items are taken, or raw little-endian floats, --dim a row.", "PATH");
        Option<string> metric = OptionKit.Choice("--metric", "Metric of --vectors.", "l2", "inner-product");
        Option<string?> siftSmall = OptionKit.Optional(
            "--siftsmall", "Folder of the siftsmall set, with its published ground truth.", "DIR");
        Option<string?> plot = OptionKit.Optional(
            "--plot", "Draw queries per second against recall; give several --recall values.", "FILE.svg");
        return builder.Build(
            "ann",
            "Vector search beside hnswlib on the same data in one run, at equal recall.",
            [items, dim, queries, k, m, efConstruction, recall, buildThreads, rounds, vectors, metric, siftSmall, plot],
            async (parsed, context) =>
            {
                var options = new AnnOptions
                {
                    Items = parsed.GetValue(items),
                    Dim = parsed.GetValue(dim),
                    Queries = parsed.GetValue(queries),
                    K = parsed.GetValue(k),
                    M = parsed.GetValue(m),
                    EfConstruction = parsed.GetValue(efConstruction),
                    BuildThreads = parsed.GetValue(buildThreads),
                    Rounds = parsed.GetValue(rounds),
                    VectorsFile = parsed.GetValue(vectors),
                    Metric = parsed.GetValue(metric) == "l2" ? VectorMetric.SquaredL2 : VectorMetric.InnerProduct,
                    SiftSmall = parsed.GetValue(siftSmall),
                    Seed = context.Seed,
                };
                AnnReport[] reports = await context.RunAsync(stages => Array.ConvertAll(
                    parsed.GetValue(recall)!,
                    wanted => stages.Run(
                        $"Vector search at recall {wanted}",
                        stage => AnnBench.Run(options with { Recall = wanted }, stage, context.Cancellation)))).ConfigureAwait(false);
                AnnReport report = reports[0] with
                {
                    Rows = [.. reports.SelectMany(r => r.Rows)],
                    Notes = [.. reports.SelectMany(r => r.Notes).Distinct()],
                };
                if (parsed.GetValue(plot) is { } file)
                    PlotFile.Save(file, PlotOf(report));
                context.Write(report, Draw);
            });
    }

    private static LineChart PlotOf(AnnReport report)
    {
        var series = new List<ChartSeries>();
        foreach (IGrouping<(string Set, string Variant), AnnRow> rows in report.Rows.GroupBy(r => (r.Set, r.Variant)))
            series.Add(new ChartSeries(
                $"{rows.Key.Set}: {rows.Key.Variant}",
                [.. rows.OrderBy(r => r.Recall).Select(r => new ChartPoint(r.Recall, r.QueriesPerSecond, $"ef {r.Ef}"))]));
        foreach (IGrouping<string, AnnRow> rows in report.Rows.Where(r => r.PeerQueriesPerSecond is not null).GroupBy(r => r.Set))
        {
            series.Add(new ChartSeries(
                $"{rows.Key}: hnswlib",
                [.. rows.DistinctBy(r => r.PeerRecall).OrderBy(r => r.PeerRecall).Select(
                    r => new ChartPoint(r.PeerRecall!.Value, r.PeerQueriesPerSecond!.Value, $"ef {r.PeerEf}"))]));
        }
        int k = report.Rows.Count > 0 ? report.Rows[0].K : 0;
        return new LineChart(
            "Vector search: queries per second by recall, one thread", new Axis($"recall@{k}"),
            new Axis("queries", "1/s", AxisScale.Logarithmic), series);
    }

    private static void Draw(IAnsiConsole console, AnnReport report)
    {
        Table table = Drawing.Table(
            $"Vector search, M {report.M}, efConstruction {report.EfConstruction}, one thread; hnswlib's figures in the columns named peer",
            "set", "variant", "vectors>", "dim>", "recall>", "peer>", "ef>", "peer>", "queries/s>", "peer>", "ratio>", "build>", "peer>");
        foreach (AnnRow row in report.Rows)
        {
            table.Row(
                row.Set,
                row.Variant,
                Drawing.Count(row.Items),
                Drawing.Count(row.Dim),
                Drawing.Fixed(row.Recall, 4),
                Drawing.Fixed(row.PeerRecall ?? double.NaN, 4),
                Drawing.Count(row.Ef),
                row.PeerEf is { } peerEf ? Drawing.Count(peerEf) : "",
                Drawing.Count((long)row.QueriesPerSecond),
                row.PeerQueriesPerSecond is { } peer ? Drawing.Count((long)peer) : "",
                Drawing.Fixed(row.Ratio ?? double.NaN),
                Drawing.Seconds(row.BuildSeconds),
                row.PeerBuildSeconds is { } seconds ? Drawing.Seconds(seconds) : "");
        }
        console.Write(table);
        foreach (string note in report.Notes)
            console.WriteLine(note);
    }
}
