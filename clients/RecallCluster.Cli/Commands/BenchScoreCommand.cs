using System.CommandLine;
using RecallCluster.Cli.Benches;
using RecallCluster.Cli.Infrastructure;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall bench score</c>.</summary>
internal static class BenchScoreCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var defaults = new ScoreOptions();
        Option<int> items = OptionKit.Number("--items", "Ads in the table that batches are drawn from.", defaults.Items, 1);
        Option<int[]> batches = OptionKit.Numbers(
            "--batch", "Ads per call; several values make several rows.", [.. defaults.Batches], 1, 1 << 20);
        Option<int[]> threads = OptionKit.Numbers(
            "--threads", "Threads that share a call; several values make several rows.", [.. defaults.Threads], 1, 1024);
        Option<int> rounds = OptionKit.Number(
            "--rounds", "Rounds of ours and the peer's, one after the other; medians are reported.", defaults.Rounds, 1, 100_000);
        Option<int> matches = OptionKit.Number(
            "--match-fields", "Fields of the history match: lookups an ad, which count no flop.", defaults.MatchFields, 0, 64);
        Option<string> records = OptionKit.Choice("--records", "How the ads' records are held.", "float32", "bfloat16");
        return builder.Build(
            "score",
            "Useful GFLOP/s of the folded scorer by batch size, beside OpenBLAS sgemm at the same shapes in the same run.",
            [items, batches, threads, rounds, matches, records],
            async (parsed, context) =>
            {
                var options = new ScoreOptions
                {
                    Items = parsed.GetValue(items),
                    Batches = parsed.GetValue(batches)!,
                    Threads = parsed.GetValue(threads)!,
                    Rounds = parsed.GetValue(rounds),
                    MatchFields = parsed.GetValue(matches),
                    Records = Enum.Parse<ScoreRecords>(parsed.GetValue(records)!, ignoreCase: true),
                    Seed = context.Seed,
                };
                ScoreReport report = await context.InStageAsync("Scoring", stage => ScoreBench.Run(options, stage)).ConfigureAwait(false);
                context.Write(report, Draw);
            });
    }

    private static void Draw(IAnsiConsole console, ScoreReport report)
    {
        Table table = Drawing.Table(
            $"Folded scorer ({report.Simd}) beside {report.Peer ?? "no peer: OpenBLAS is not installed"}", "batch>", "threads>", "GFLOP/s>",
            "peer GFLOP/s>", "ratio>");
        foreach (ScoreRow row in report.Rows)
        {
            table.Row(
                Drawing.Count(row.Batch),
                Drawing.Count(row.Threads),
                Drawing.Fixed(row.Gflops, 1),
                Drawing.Fixed(row.PeerGflops ?? double.NaN, 1),
                Drawing.Fixed(row.Ratio ?? double.NaN));
        }
        console.Write(table);
        console.MarkupLineInterpolated(
            $"largest difference to plain arithmetic in double precision: {report.LargestError:0.0e0} (1 + |score|)");
    }
}
