using System.Runtime.InteropServices;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Files;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Cli.Benches;

/// <summary>Base vectors, queries, and the true nearest neighbours of each query.</summary>
internal sealed unsafe class AnnDataSet
{
    private AnnDataSet(
        string name, int items, int dim, NativeBlock<float> vectors, int queryCount, NativeBlock<float> queries, VectorMetric metric)
    {
        Name = name;
        Items = items;
        Dim = dim;
        Vectors = vectors;
        QueryCount = queryCount;
        Queries = queries;
        Metric = metric;
    }

    public string Name { get; }

    public int Items { get; }

    public int Dim { get; }

    public NativeBlock<float> Vectors { get; }

    public int QueryCount { get; }

    public NativeBlock<float> Queries { get; }

    public VectorMetric Metric { get; }

    /// <summary>queries x k row numbers.</summary>
    public int[] Truth { get; private set; } = [];

    /// <summary>Neighbours a query in <see cref="Truth"/>.</summary>
    public int TruthK { get; private set; }

    /// <summary>Independent standard normal components: the hardest of the sets, without any structure to follow.</summary>
    public static AnnDataSet Gaussian(int items, int dim, int queries, ulong seed)
    {
        var random = new SeededRandom(seed);
        return new AnnDataSet(
            "gaussian", items, dim, Normal(items, dim, random), queries, Normal(queries, dim, random), VectorMetric.SquaredL2);
    }

    /// <summary>Normal noise of deviation 0.5 around 1,000 standard normal centres; queries are drawn like items.</summary>
    public static AnnDataSet Clustered(int items, int dim, int queries, ulong seed)
    {
        const int Centres = 1000;
        var random = new SeededRandom(seed);
        using NativeBlock<float> centres = Normal(Centres, dim, random);
        return new AnnDataSet("clustered", items, dim, Around(items), queries, Around(queries), VectorMetric.SquaredL2);

        NativeBlock<float> Around(int count)
        {
            NativeBlock<float> block = Normal(count, dim, random);
            for (long row = 0; row < count; row++)
            {
                float* centre = centres.Pointer + ((long)random.NextInt(Centres) * dim);
                for (int j = 0; j < dim; j++)
                    block[(row * dim) + j] = centre[j] + (0.5f * block[(row * dim) + j]);
            }
            return block;
        }
    }

    /// <summary>
    /// Learned vectors: those of an index directory's first shard, or a file of raw little-endian floats, row-major. Every so-many-th row
    /// is held out as a query, so queries are distributed like items.
    /// </summary>
    /// <exception cref="InvalidDataException">The file does not hold whole rows, or there are too few.</exception>
    public static AnnDataSet Learned(string path, int dim, int queries, int limit, VectorMetric metric)
    {
        if (Directory.Exists(path))
        {
            using AdIndex index = AdIndex.Open(IndexDirectory.ShardPath(path, 0));
            // Near ads stand side by side in an index, so what is taken is spread over it.
            int taken = (int)Math.Min(index.Count, (long)limit + queries);
            var spread = new float[taken * index.Dim];
            for (int row = 0; row < taken; row++)
                index.Vectors.Span((long)row * index.Count / taken * index.Dim, index.Dim).CopyTo(spread.AsSpan(row * index.Dim));
            return HoldOut(path, spread, index.Dim, queries, metric);
        }
        byte[] bytes = File.ReadAllBytes(path);
        int rowBytes = dim * sizeof(float);
        if (bytes.Length % rowBytes != 0)
            throw new InvalidDataException(
                $"{path}: {bytes.Length} bytes are not a whole number of {dim}-float rows ({rowBytes} bytes each).");
        return HoldOut(path, MemoryMarshal.Cast<byte, float>(bytes), dim, queries, metric);
    }

    private static AnnDataSet HoldOut(string path, ReadOnlySpan<float> values, int dim, int queries, VectorMetric metric)
    {
        int rows = values.Length / dim;
        if (rows < 2 * queries)
            throw new InvalidDataException($"{path}: {rows} rows are too few to hold out {queries} queries.");
        int stride = rows / queries, item = 0;
        var held = new NativeBlock<float>((long)queries * dim);
        var kept = new NativeBlock<float>((long)(rows - queries) * dim);
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> vector = values.Slice(row * dim, dim);
            if (row % stride == 0 && row / stride < queries)
                vector.CopyTo(held.Span((long)(row / stride) * dim, dim));
            else
                vector.CopyTo(kept.Span((long)item++ * dim, dim));
        }
        return new AnnDataSet("learned", rows - queries, dim, kept, queries, held, metric);
    }

    /// <summary>The siftsmall set: 128-byte rows, fvecs queries and the published ivecs ground truth.</summary>
    /// <exception cref="InvalidDataException">A file is not of the expected shape.</exception>
    public static AnnDataSet SiftSmall(string folder)
    {
        const int Dim = 128;
        byte[] bytes = File.ReadAllBytes(Path.Combine(folder, "siftsmall_base.u8"));
        if (bytes.Length == 0 || bytes.Length % Dim != 0)
            throw new InvalidDataException($"{folder}/siftsmall_base.u8: {bytes.Length} bytes are not rows of {Dim}.");
        var vectors = new NativeBlock<float>(bytes.Length);
        for (int i = 0; i < bytes.Length; i++)
            vectors[i] = bytes[i];
        int[] queryBits = Records(Path.Combine(folder, "siftsmall_query.fvecs"), Dim, out int queryCount);
        int[] truth = Records(Path.Combine(folder, "siftsmall_groundtruth.ivecs"), 100, out int truthCount);
        if (truthCount != queryCount)
            throw new InvalidDataException($"{folder}: {queryCount} queries have ground truth for {truthCount}.");
        var queries = new NativeBlock<float>(queryBits.Length);
        MemoryMarshal.Cast<int, float>(queryBits).CopyTo(queries.Span(0, queryBits.Length));
        return new AnnDataSet("siftsmall", bytes.Length / Dim, Dim, vectors, queryCount, queries, VectorMetric.SquaredL2)
        {
            Truth = truth,
            TruthK = 100,
        };
    }

    /// <summary>Measures every pair, where no ground truth came with the data.</summary>
    public void FindTruth(int k, CancellationToken cancellationToken)
    {
        if (TruthK >= k)
            return;
        const int Batch = 4096;
        var truth = new int[QueryCount * k];
        var distance = new VectorDistance(Metric, Dim);
        Parallel.For(0, QueryCount, new ParallelOptions { CancellationToken = cancellationToken }, query =>
        {
            var nearest = new PriorityQueue<int, float>();
            var ordinals = new int[Batch];
            var distances = new float[Batch];
            for (int start = 0; start < Items; start += Batch)
            {
                int count = Math.Min(Batch, Items - start);
                for (int i = 0; i < count; i++)
                    ordinals[i] = start + i;
                fixed (int* rows = ordinals)
                fixed (float* results = distances)
                    distance.Many(Queries.Pointer + ((long)query * Dim), Vectors.Pointer, rows, count, results);
                for (int i = 0; i < count; i++)
                {
                    if (nearest.Count < k)
                        nearest.Enqueue(start + i, -distances[i]);
                    else
                        nearest.EnqueueDequeue(start + i, -distances[i]);
                }
            }
            for (int i = nearest.Count - 1; i >= 0; i--)
                truth[(query * k) + i] = nearest.Dequeue();
        });
        Truth = truth;
        TruthK = k;
    }

    /// <summary>The share of the true k nearest that <paramref name="found"/> (queries x k) holds.</summary>
    public double Recall(int[] found, int k)
    {
        long hits = 0;
        for (int query = 0; query < QueryCount; query++)
        {
            ReadOnlySpan<int> truth = Truth.AsSpan(query * TruthK, k);
            foreach (int row in found.AsSpan(query * k, k))
                hits += truth.Contains(row) ? 1 : 0;
        }
        return (double)hits / ((long)QueryCount * k);
    }

    private static NativeBlock<float> Normal(int rows, int dim, SeededRandom random)
    {
        var block = new NativeBlock<float>((long)rows * dim);
        for (long i = 0; i < block.Length; i++)
            block[i] = (float)random.NextGaussian();
        return block;
    }

    /// <summary>Reads fvecs or ivecs: each record is its length, then as many 4-byte values.</summary>
    private static int[] Records(string path, int length, out int count)
    {
        ReadOnlySpan<int> words = MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(path));
        if (words.Length % (length + 1) != 0)
            throw new InvalidDataException($"{path}: {words.Length} words are not records of 1 + {length}.");
        count = words.Length / (length + 1);
        var values = new int[count * length];
        for (int i = 0; i < count; i++)
        {
            if (words[i * (length + 1)] != length)
                throw new InvalidDataException($"{path}: record {i} says {words[i * (length + 1)]} values; {length} are expected.");
            words.Slice((i * (length + 1)) + 1, length).CopyTo(values.AsSpan(i * length));
        }
        return values;
    }
}
