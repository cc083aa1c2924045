using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Data;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.Files;
using RecallCluster.Serving.Indexes;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall index</c>.</summary>
internal static class IndexCommands
{
    public static Command Build(CommandBuilder builder) =>
        CommandBuilder.Group("index", "Build or check an index.", BuildIndex(builder), Verify(builder));

    private static Command BuildIndex(CommandBuilder builder)
    {
        var defaults = new HnswOptions();
        Option<string> data = OptionKit.Required("--data", "Data-set directory.", "DIR");
        Option<string> model = OptionKit.Required("--model", "Directory that `train` made.", "DIR");
        Option<string> to = OptionKit.Required("--out", "Index directory to make; an index that stands there is replaced.", "DIR");
        Option<int> shards = OptionKit.Number("--shards", "Number of shards.", 1, 1, 4096);
        Option<int> m = OptionKit.Number(
            "--m", "Links of a new node (twice as many on the bottom layer): more finds more and costs memory.", defaults.M, 2, 256);
        Option<int> efConstruction = OptionKit.Number(
            "--ef-construction", "Width of construction: more makes a better graph and takes longer.", defaults.EfConstruction, 1, 100_000);
        Option<int> levelRatio = OptionKit.Number(
            "--level-ratio", "Nodes of a layer for each node of the layer above.", defaults.LevelRatio, 2, 1_000_000);
        Option<int> threads = OptionKit.Threads();
        return builder.Build(
            "build",
            "Build the index of a data set's ads from a trained model.",
            [data, model, to, shards, m, efConstruction, levelRatio, threads],
            async (parsed, context) =>
            {
                var options = new IndexBuildOptions
                {
                    Shards = parsed.GetValue(shards),
                    Threads = parsed.GetValue(threads),
                    Graph = defaults with
                    {
                        M = parsed.GetValue(m),
                        EfConstruction = parsed.GetValue(efConstruction),
                        LevelRatio = parsed.GetValue(levelRatio),
                        Seed = context.Seed,
                    },
                };
                IndexReport report = await context.RunAsync(stages =>
                {
                    Dataset dataset = stages.Run("Read the data set", () => DatasetDirectory.Read(parsed.GetRequiredValue(data)));
                    string folder = ModelFolders.DeepIn(parsed.GetRequiredValue(model));
                    return IndexWorkflow.Build(dataset, folder, parsed.GetRequiredValue(to), options, stages, context.Cancellation);
                }).ConfigureAwait(false);
                context.Write(report, Draw);
            });
    }

    private static Command Verify(CommandBuilder builder)
    {
        Option<string> index = OptionKit.Required("--index", "Index directory.", "DIR");
        return builder.Build(
            "verify",
            "Read a whole index and check every checksum, graph and id.",
            [index],
            async (parsed, context) =>
            {
                string directory = parsed.GetRequiredValue(index);
                VerifiedIndex report = await context.RunAsync(stages => VerifyAll(directory, stages)).ConfigureAwait(false);
                context.Write(report, (console, verified) => console.Pairs(
                    $"{verified.Directory} is whole",
                    ("data set", verified.Dataset),
                    ("model", verified.ModelFingerprint),
                    ("ads", Drawing.Count(verified.Items)),
                    ("shards", Drawing.Count(verified.Shards)),
                    ("size", Drawing.Bytes(verified.Bytes))));
            });
    }

    private static VerifiedIndex VerifyAll(string directory, IStages stages)
    {
        IndexManifest manifest = IndexDirectory.ReadManifest(directory);
        long bytes = 0;
        for (int shard = 0; shard < manifest.Shards.Count; shard++)
        {
            using IStage stage = stages.Begin($"Check {manifest.Shards[shard].File}");
            using AdIndex index = IndexDirectory.OpenShard(directory, manifest, shard, IndexCheck.All);
            bytes += index.FileBytes;
        }
        return new VerifiedIndex(
            directory, manifest.Dataset, manifest.ModelFingerprint, manifest.Shards.Sum(s => (long)s.Ads), manifest.Shards.Count, bytes);
    }

    private static void Draw(IAnsiConsole console, IndexReport report) => console.Pairs(
        $"Index of {report.Dataset} in {report.Directory}",
        ("ads", Drawing.Count(report.Items)),
        ("ads by shard", string.Join(", ", report.Shards.Select(s => Drawing.Count(s)))),
        ("size", $"{Drawing.Bytes(report.Bytes)}, {Drawing.Count((long)report.BytesPerItem)} bytes an ad"),
        ("vectors and records", Drawing.Seconds(report.VectorsSeconds)),
        ("graph", Drawing.Seconds(report.BuildSeconds)),
        ("writing", Drawing.Seconds(report.WriteSeconds)));

    /// <summary>An index in which nothing was found wrong.</summary>
    private sealed record VerifiedIndex(string Directory, string Dataset, string ModelFingerprint, long Items, int Shards, long Bytes);
}
