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
        var scorer = new ScorerOptions();
        Option<int[]> inFlight = OptionKit.Numbers("--in-flight", "Callers at once, with a scorer of libtorch.", [1, 8, 64], 1, 1024);
        return builder.Build(
            "score",
            "Useful GFLOP/s of the folded scorer by batch size, beside OpenBLAS sgemm at the same shapes in the same run; with a "
            + "--scorer of libtorch, its scorings a second beside the folded scorer's.",
            [items, batches, threads, rounds, matches, records, .. scorer.All, inFlight],
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
                if (scorer.Read(parsed, modelFolder: null) is { } device)
                {
                    DeviceScoreReport onDevice = await context.InStageAsync(
                        "Scoring", stage => DeviceScoreBench.Run(options, device, parsed.GetValue(inFlight)!, stage)).ConfigureAwait(false);
                    context.Write(onDevice, Draw);
                    return;
                }
                ScoreReport report = await context.InStageAsync("Scoring", stage => ScoreBench.Run(options, stage)).ConfigureAwait(false);
                context.Write(report, Draw);
            });
    }

    private static void Draw(IAnsiConsole console, DeviceScoreReport report)
    {
        Table table = Drawing.Table(
            $"{report.Device} beside the host's folded scorer", "batch>", "in flight>", "scorings/s>", "GFLOP/s>", "requests a batch>",
            "host scorings/s>", "ratio>");
        foreach (DeviceScoreRow row in report.Rows)
        {
            table.Row(
                Drawing.Count(row.Batch),
                Drawing.Count(row.InFlight),
                Drawing.Count((long)row.ScoringsPerSecond),
                Drawing.Fixed(row.Gflops, 1),
                Drawing.Fixed(row.RequestsPerBatch, 1),
                Drawing.Count((long)row.HostScoringsPerSecond),
                Drawing.Fixed(row.Ratio));
        }
        console.Write(table);
        console.MarkupLineInterpolated($"largest difference to the host's scorer: {report.LargestError:0.0e0} (1 + |score|)");
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
