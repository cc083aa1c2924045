using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.Files;

namespace RecallCluster.Serving.Indexes;

/// <summary>How an index directory is built.</summary>
public sealed record IndexBuildOptions
{
    /// <summary>Number of shards.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>The graphs' options; their metric is L2.</summary>
    public HnswOptions Graph { get; init; } = new();

    /// <summary>Threads that insert; with one the graph is the same every time.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}

/// <summary>What a build did.</summary>
/// <param name="Manifest">What stands in the directory.</param>
/// <param name="Ads">Number of ads.</param>
/// <param name="Bytes">Bytes of all shard files.</param>
/// <param name="VectorsTime">Time to compute target vectors and records.</param>
/// <param name="GraphTime">Time to build the graphs.</param>
/// <param name="WriteTime">Time to write the files.</param>
public sealed record IndexBuildResult(
    IndexManifest Manifest, int Ads, long Bytes, TimeSpan VectorsTime, TimeSpan GraphTime, TimeSpan WriteTime);

/// <summary>
/// Builds an index directory from a trained deep model: per shard target vectors and folded records from the model, the graph over the
/// vectors, an order in which near ads stand side by side, and the file in that order. With one thread the files are a function of the
/// model, the ads and the options.
/// </summary>
public static class IndexBuild
{
    /// <summary>Builds all shards, then makes the directory an index.</summary>
    /// <param name="directory">Where; an index that stands there is replaced.</param>
    /// <param name="model">The model.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="dataset">The ads that the model was made for.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told the share of the ads that stand in their graph; null for nobody.</param>
    /// <param name="cancellation">Stops the build; the directory is then no index.</param>
    /// <exception cref="InvalidDataException">The model was made for other ads.</exception>
    /// <exception cref="IOException">A file could not be written.</exception>
    public static IndexBuildResult Run(
        string directory,
        DeepAdModel model,
        string fingerprint,
        Dataset dataset,
        IndexBuildOptions options,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(options);
        model.Config.RequireFit(dataset);
        IndexDirectory.Prepare(directory);
        using var team = new WorkerTeam(options.Threads);
        int[][] rows = new ShardMap(options.Shards).Partition(dataset.Items.Ids);
        var clock = new BuildClock();
        long bytes = 0, done = 0;
        for (int shard = 0; shard < rows.Length; shard++)
        {
            string path = IndexDirectory.ShardPath(directory, shard);
            long before = done;
            var inserted = new Relay(count => progress?.Report((double)(before + count) / Math.Max(1, dataset.Items.Count)));
            WriteShard(path, model, fingerprint, dataset, rows[shard], options, team, clock, inserted, cancellation);
            bytes += new FileInfo(path).Length;
            done += rows[shard].Length;
        }
        var manifest = new IndexManifest
        {
            Dataset = dataset.Name,
            ModelFingerprint = fingerprint,
            M = options.Graph.M,
            EfConstruction = options.Graph.EfConstruction,
            Seed = options.Graph.Seed,
            Clicks = ClickScaleEstimate.Of(model, dataset, team),
            Shards = [.. rows.Select((r, shard) => new ShardFile(IndexDirectory.ShardFileName(shard), r.Length))],
        };
        IndexDirectory.WriteManifest(directory, manifest);
        return new IndexBuildResult(manifest, dataset.Items.Count, bytes, clock.Vectors, clock.Graph, clock.Write);
    }

    private static void WriteShard(
        string path,
        DeepAdModel model,
        string fingerprint,
        Dataset dataset,
        int[] rows,
        IndexBuildOptions options,
        WorkerTeam team,
        BuildClock clock,
        IProgress<int> inserted,
        CancellationToken cancellation)
    {
        long start = BuildClock.Now;
        using TargetVectors targets = TargetVectors.Compute(model, dataset.Items, rows, team);
        using NativeBlock<float> records = RecordsOf(model, targets, team);
        clock.Vectors += BuildClock.Since(start);

        start = BuildClock.Now;
        HnswGraph graph = HnswBuilder.Build(
            targets.Vectors, targets.Count, targets.Width, options.Graph, options.Threads, inserted, cancellation);
        int[] order = LocalityOrder.Find(graph);
        clock.Graph += BuildClock.Since(start);

        start = BuildClock.Now;
        AdIndexFile.Write(path, new AdIndexContents
        {
            Order = order,
            Graph = graph,
            Dim = targets.Width,
            Vectors = targets.Vectors,
            RecordLength = ModelFolder.RecordLength(model.Config),
            Records = records,
            Ids = Array.ConvertAll(rows, row => dataset.Items.Ids[row]),
            Metadata = new AdIndexMetadata { ModelFingerprint = fingerprint },
        });
        clock.Write += BuildClock.Since(start);
    }

    private static NativeBlock<float> RecordsOf(DeepAdModel model, TargetVectors targets, WorkerTeam team) =>
        model.Config.Attention == AttentionKind.Linear
            ? ModelFolder.Fold(model, targets, team).Records
            : ModelFolder.PlainRecords(model, targets, team);

    private sealed class BuildClock
    {
        public TimeSpan Vectors { get; set; }

        public TimeSpan Graph { get; set; }

        public TimeSpan Write { get; set; }

        public static long Now => System.Diagnostics.Stopwatch.GetTimestamp();

        public static TimeSpan Since(long start) => System.Diagnostics.Stopwatch.GetElapsedTime(start);
    }

    private sealed class Relay(Action<int> report) : IProgress<int>
    {
        public void Report(int value) => report(value);
    }
}
