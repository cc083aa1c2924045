using System.Diagnostics;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Cli.Benches;

/// <summary>What <c>recall bench ann</c> is to measure.</summary>
internal sealed record AnnOptions
{
    /// <summary>Vectors of the generated sets.</summary>
    public int Items { get; init; } = 100_000;

    /// <summary>Components of a vector (of the generated sets and of <see cref="VectorsFile"/>).</summary>
    public int Dim { get; init; } = 64;

    /// <summary>Queries of a set.</summary>
    public int Queries { get; init; } = 1000;

    /// <summary>Neighbours a query.</summary>
    public int K { get; init; } = 10;

    /// <summary>Links of a new node, for both sides.</summary>
    public int M { get; init; } = 16;

    /// <summary>Width of construction, for both sides.</summary>
    public int EfConstruction { get; init; } = 200;

    /// <summary>The recall at which speed is compared.</summary>
    public double Recall { get; init; } = 0.99;

    /// <summary>Building threads, for both sides; searches run on one.</summary>
    public int BuildThreads { get; init; } = 1;

    /// <summary>Timed rounds: in each, both sides answer all queries.</summary>
    public int Rounds { get; init; } = 9;

    /// <summary>Seed of data and levels.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Learned vectors: raw little-endian floats, row-major, <see cref="Dim"/> a row; null for none.</summary>
    public string? VectorsFile { get; init; }

    /// <summary>Metric of <see cref="VectorsFile"/>.</summary>
    public VectorMetric Metric { get; init; } = VectorMetric.SquaredL2;

    /// <summary>Folder of the siftsmall set; null for none.</summary>
    public string? SiftSmall { get; init; }
}

/// <summary>One set and one of our variants, beside hnswlib on the same queries.</summary>
internal sealed record AnnRow(
    string Set,
    string Variant,
    int Items,
    int Dim,
    int K,
    int Ef,
    int? PeerEf,
    double Recall,
    double? PeerRecall,
    double QueriesPerSecond,
    double? PeerQueriesPerSecond,
    double? Ratio,
    double BuildSeconds,
    double? PeerBuildSeconds,
    double? BuildRatio);

/// <summary>All rows, and what could not be measured.</summary>
internal sealed record AnnReport(
    int M, int EfConstruction, int Queries, int Threads, int BuildThreads, IReadOnlyList<AnnRow> Rows, IReadOnlyList<string> Notes);

/// <summary>
/// Vector search beside hnswlib. Each side searches with the smallest ef at which its own recall@k reaches the wanted one, on one thread,
/// over the same queries; rounds alternate between the sides, and the ratio is the median over rounds. Our graph is renumbered by locality,
/// as an index file is; the time of that belongs to the build.
/// </summary>
internal static class AnnBench
{
    /// <summary>Measures every set of <paramref name="options"/>.</summary>
    public static AnnReport Run(AnnOptions options, IProgress<string>? progress, CancellationToken cancellationToken = default)
    {
        var rows = new List<AnnRow>();
        var notes = new List<string>();
        using HnswlibPeer? peer = HnswlibPeer.TryLoad(out string? reason);
        if (reason is not null)
            notes.Add(reason);
        foreach (Func<AnnDataSet> load in Sets(options, notes))
        {
            AnnDataSet set = load();
            progress?.Report($"{set.Name}: ground truth of {set.QueryCount} queries over {set.Items} vectors");
            set.FindTruth(options.K, cancellationToken);
            Measure(set, options, peer, rows, notes, progress, cancellationToken);
        }
        return new AnnReport(options.M, options.EfConstruction, options.Queries, 1, options.BuildThreads, rows, notes);
    }

    private static List<Func<AnnDataSet>> Sets(AnnOptions options, List<string> notes)
    {
        var sets = new List<Func<AnnDataSet>>
        {
            () => AnnDataSet.Clustered(options.Items, options.Dim, options.Queries, options.Seed),
            () => AnnDataSet.Gaussian(options.Items, options.Dim, options.Queries, options.Seed + 1),
        };
        if (options.VectorsFile is { } file)
            sets.Add(() => AnnDataSet.Learned(file, options.Dim, options.Queries, options.Items, options.Metric));
        else
            notes.Add("No learned vectors were given (--vectors PATH), so there are no rows for them.");
        if (options.SiftSmall is { } folder)
            sets.Add(() => AnnDataSet.SiftSmall(folder));
        return sets;
    }

    private static void Measure(
        AnnDataSet set,
        AnnOptions options,
        HnswlibPeer? peer,
        List<AnnRow> rows,
        List<string> notes,
        IProgress<string>? progress,
        CancellationToken cancellationToken)
    {
        progress?.Report($"{set.Name}: building");
        var hnsw = new HnswOptions { M = options.M, EfConstruction = options.EfConstruction, Seed = options.Seed, Metric = set.Metric };
        long start = Stopwatch.GetTimestamp();
        HnswGraph built = HnswBuilder.Build(set.Vectors, set.Items, set.Dim, hnsw, options.BuildThreads, null, cancellationToken);
        int[] order = LocalityOrder.Find(built);
        HnswGraph graph = LocalityOrder.Apply(built, order);
        using NativeBlock<float> vectors = LocalityOrder.Apply(set.Vectors, set.Dim, order);
        double buildSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double peerBuildSeconds = 0;
        progress?.Report($"{set.Name}: building hnswlib's index");
        using HnswlibPeer.Index? peerIndex = peer?.Build(
            set.Vectors, set.Items, set.Dim, set.Metric, options.M, options.EfConstruction, options.BuildThreads, out peerBuildSeconds);
        AnnSide? theirs = peerIndex is null
            ? null
            : new AnnSide((ef, ids) => peerIndex.Search(set.Queries, set.QueryCount, options.K, ef, ids));
        theirs?.Tune(set, options.K, options.Recall);

        var fp32 = new VectorSearcher(graph, vectors, set.Dim, set.Metric);
        using var codes = new QuantizedVectors(vectors, set.Items, set.Dim, set.Metric);
        var int8 = new QuantizedVectorSearcher(graph, vectors, codes, set.Metric);
        var variants = new (string Name, AnnSide Side)[]
        {
            ("fp32", new AnnSide(Ours(set, options.K, order, (query, ef, ids) => fp32.Search(query, ef, ids, [])))),
            ("int8 + exact re-rank", new AnnSide(Ours(set, options.K, order, (query, ef, ids) => int8.Search(query, ef, ids, [])))),
        };
        foreach ((string name, AnnSide ours) in variants)
        {
            progress?.Report($"{set.Name}: {name}");
            ours.Tune(set, options.K, options.Recall);
            if (ours.RecallReached < options.Recall || theirs?.RecallReached < options.Recall)
                notes.Add($"{set.Name}, {name}: recall {options.Recall} is out of reach at ef {Math.Max(ours.Ef, theirs?.Ef ?? 0)}.");
            (double seconds, double? peerSeconds, double? ratio) = AnnSide.Compare(ours, theirs, options.Rounds, cancellationToken);
            rows.Add(new AnnRow(
                set.Name, name, set.Items, set.Dim, options.K, ours.Ef, theirs?.Ef, ours.RecallReached, theirs?.RecallReached,
                set.QueryCount / seconds, set.QueryCount / peerSeconds, ratio, buildSeconds,
                peerIndex is null ? null : peerBuildSeconds, peerIndex is null ? null : peerBuildSeconds / buildSeconds));
        }
    }

    private delegate int SearchOne(ReadOnlySpan<float> query, int ef, Span<int> ordinals);

    private static Func<int, int[], double> Ours(AnnDataSet set, int k, int[] order, SearchOne search) => (ef, ids) =>
    {
        long start = Stopwatch.GetTimestamp();
        for (int query = 0; query < set.QueryCount; query++)
        {
            Span<int> row = ids.AsSpan(query * k, k);
            int found = search(set.Queries.Span((long)query * set.Dim, set.Dim), ef, row);
            foreach (ref int ordinal in row[..found])
                ordinal = order[ordinal];
            row[found..].Fill(-1);
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    };
}
