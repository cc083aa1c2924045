using System.Numerics.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Building;

/// <summary>
/// Builds an HNSW graph over a matrix of vectors (Malkov &amp; Yashunin, arXiv 1603.09320), in four steps:
/// <code>
///  levels drawn ──► nodes inserted, in seeded random order, by 1..n threads ──► reachability repaired ──► packed as sparse rows
/// </code>
/// On one thread the graph is a function of vectors and options. More threads insert in an order that varies, so graphs differ from run
/// to run while their recall agrees within noise.
/// </summary>
public static unsafe class HnswBuilder
{
    /// <summary>Nodes inserted by one thread before others join, so that these find a graph to work on.</summary>
    private const int SerialStart = 1024;

    private const int ProgressStep = 4096;

    /// <summary>Builds the graph.</summary>
    /// <param name="vectors">Row-major, <paramref name="count"/> x <paramref name="dim"/> floats; stays with the caller.</param>
    /// <param name="count">Number of vectors; 0 gives an empty graph.</param>
    /// <param name="dim">Components of a vector, at least 1.</param>
    /// <param name="options">Degrees, widths, seed, metric.</param>
    /// <param name="threads">Number of inserting threads, at least 1.</param>
    /// <param name="progress">Receives the number of nodes inserted so far, now and then.</param>
    /// <param name="cancellationToken">Stops the build.</param>
    /// <returns>A graph whose node i is row i, and in which every node is reachable from the entry point on each of its layers.</returns>
    /// <exception cref="ArgumentException">The block does not hold count x dim floats, or a vector holds NaN or an infinity.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number or an option is outside its range.</exception>
    /// <exception cref="OperationCanceledException">The build was cancelled.</exception>
    public static HnswGraph Build(
        NativeBlock<float> vectors,
        int count,
        int dim,
        HnswOptions options,
        int threads = 1,
        IProgress<int>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(dim, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        options.Validate();
        CheckVectors(vectors, count, dim);

        var random = new SeededRandom(options.Seed);
        NativeBlock<byte> levels = LevelSampler.Sample(count, options.LevelRatio, random.Split(0));
        using var graph = new GraphUnderConstruction(levels, options.M, options.M0);
        int[] order = InsertionOrder(count, graph.EntryPoint, random.Split(1));
        InsertAll(graph, vectors.Pointer, dim, options, order, threads, progress, cancellationToken);
        new ReachabilityRepair(graph, vectors.Pointer, dim, options).Run(cancellationToken);
        HnswGraph result = graph.ToSparse();
        GC.KeepAlive(vectors);
        return result;
    }

    private static void CheckVectors(NativeBlock<float> vectors, int count, int dim)
    {
        if (vectors.Length < (long)count * dim)
            throw new ArgumentException(
                $"{count} vectors of {dim} components need {(long)count * dim} floats; the block has {vectors.Length}.", nameof(vectors));
        for (int row = 0; row < count; row++)
        {
            ReadOnlySpan<float> vector = vectors.Span((long)row * dim, dim);
            if (TensorPrimitives.IsFiniteAll(vector))
                continue;
            int component = 0;
            while (float.IsFinite(vector[component]))
                component++;
            throw new ArgumentException(
                $"Vector {row} has {vector[component]} as component {component}; only finite numbers can be indexed.", nameof(vectors));
        }
    }

    /// <summary>All nodes but the entry point, shuffled: data sorted by cluster would leave the clusters badly linked.</summary>
    private static int[] InsertionOrder(int count, int entryPoint, SeededRandom random)
    {
        if (count == 0)
            return [];
        var order = new int[count - 1];
        for (int i = 0; i < order.Length; i++)
            order[i] = i < entryPoint ? i : i + 1;
        random.Shuffle<int>(order);
        return order;
    }

    private static void InsertAll(
        GraphUnderConstruction graph,
        float* vectors,
        int dim,
        HnswOptions options,
        int[] order,
        int threads,
        IProgress<int>? progress,
        CancellationToken cancellationToken)
    {
        int next = -1;
        using (var first = new Inserter(graph, vectors, dim, options))
            InsertWhile(first, threads == 1 ? order.Length : Math.Min(order.Length, SerialStart));
        if (threads > 1)
        {
            next--;
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ =>
            {
                using var inserter = new Inserter(graph, vectors, dim, options);
                InsertWhile(inserter, order.Length);
            });
        }
        cancellationToken.ThrowIfCancellationRequested();
        progress?.Report(graph.Count);

        void InsertWhile(Inserter inserter, int end)
        {
            int i;
            while (!cancellationToken.IsCancellationRequested && (i = Interlocked.Increment(ref next)) < end)
            {
                inserter.Insert(order[i]);
                if ((i + 1) % ProgressStep == 0)
                    progress?.Report(i + 1);
            }
        }
    }
}
