using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>
/// The whole search of a finished graph, from the top layer to layer 0, with its memory; one per thread at a time.
/// </summary>
internal sealed unsafe class SearchScratch(HnswGraph graph) : IDisposable
{
    private const int ScanBatch = 64;
    private readonly LayerWalk _walk = new(graph.Count, Math.Max(graph.M0, ScanBatch));
    private readonly PriorityQueue<int, ulong> _candidates = new();
    private readonly NativeBlock<float> _distances = new(Math.Max(graph.M0, ScanBatch) + 16);
    private readonly NativeBlock<int> _batch = new(ScanBatch);

    /// <summary>What the last search found, in ascending order of distance.</summary>
    public NodePool Pool => _walk.Pool;

    /// <summary>Room for a query in another representation, at least as many bytes as were asked for.</summary>
    public NativeBlock<byte> Query { get; private set; } = new(0);

    /// <summary>Makes <see cref="Query"/> hold <paramref name="bytes"/> bytes.</summary>
    public byte* QueryBytes(int bytes)
    {
        if (Query.Length < bytes)
        {
            Query.Dispose();
            Query = new NativeBlock<byte>(bytes);
        }
        return Query.Pointer;
    }

    /// <summary>Finds the nearest nodes with a search of width <paramref name="ef"/>.</summary>
    public void Search<TMeasure>(TMeasure measure, int ef)
        where TMeasure : struct, IMeasure
    {
        int entry = Descend(measure, out float distance);
        _walk.Begin(entry, distance, ef);
        _walk.Run(new SparseRows(graph, 0), measure);
    }

    /// <summary>
    /// Finds the nearest eligible nodes: all nodes are walked through, only eligible ones are collected, and the walk goes on until
    /// <paramref name="ef"/> of them are nearer than every candidate, or no candidate is left.
    /// </summary>
    public void SearchEligible<TMeasure, TEligibility>(TMeasure measure, TEligibility eligible, int ef)
        where TMeasure : struct, IMeasure
        where TEligibility : struct, IEligibility
    {
        var rows = new SparseRows(graph, 0);
        int entry = Descend(measure, out float distance);
        _walk.Begin(entry, distance, ef);
        NodePool pool = _walk.Pool;
        if (!eligible.Contains(entry))
            pool.Reset(ef);
        _candidates.Clear();
        _candidates.Enqueue(entry, NodeKey.Pack(distance, entry));
        float* distances = _distances.Pointer;
        while (_candidates.TryDequeue(out int node, out ulong nearest) && nearest <= pool.Bound)
        {
            int* row = rows.Row(node, out int length);
            int* fresh = _walk.Meet(row, length, out int added);
            for (int i = 0; i < added; i++)
                measure.Prefetch(fresh[i]);
            measure.Many(fresh, added, distances);
            for (int i = 0; i < added; i++)
            {
                ulong key = NodeKey.Pack(distances[i], fresh[i]);
                if (key >= pool.Bound)
                    continue;
                _candidates.Enqueue(fresh[i], key);
                if (eligible.Contains(fresh[i]))
                    pool.Insert(key);
            }
        }
    }

    /// <summary>
    /// Measures every node of a bitmap and keeps the <paramref name="ef"/> nearest: exact, and cheaper than a walk when few are eligible.
    /// </summary>
    public void Scan<TMeasure>(TMeasure measure, ReadOnlySpan<ulong> eligible, int ef)
        where TMeasure : struct, IMeasure
    {
        _walk.Pool.Reset(ef);
        int pending = 0;
        for (int word = 0; word < (graph.Count + 63) >> 6; word++)
        {
            for (ulong bits = eligible[word]; bits != 0; bits &= bits - 1)
            {
                int node = (word << 6) + System.Numerics.BitOperations.TrailingZeroCount(bits);
                if (node >= graph.Count)
                    break;
                measure.Prefetch(node);
                _batch[pending++] = node;
                if (pending == ScanBatch)
                    pending = Collect(measure, pending);
            }
        }
        Collect(measure, pending);
    }

    /// <summary>Keeps the first <paramref name="count"/> nodes found and orders them by another measure.</summary>
    public void Rerank<TMeasure>(TMeasure measure, int count)
        where TMeasure : struct, IMeasure
    {
        NodePool pool = _walk.Pool;
        count = Math.Min(count, pool.Count);
        for (int i = 0; i < count; i++)
            measure.Prefetch(NodeKey.Node(pool.Keys[i]));
        for (int start = 0; start < count; start += ScanBatch)
        {
            int batch = Math.Min(ScanBatch, count - start);
            for (int i = 0; i < batch; i++)
                _batch[i] = NodeKey.Node(pool.Keys[start + i]);
            measure.Many(_batch.Pointer, batch, _distances.Pointer);
            for (int i = 0; i < batch; i++)
                pool.Keys[start + i] = NodeKey.Pack(_distances[i], _batch[i]);
        }
        pool.Truncate(count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _walk.Dispose();
        _distances.Dispose();
        _batch.Dispose();
        Query.Dispose();
    }

    private int Collect<TMeasure>(TMeasure measure, int count)
        where TMeasure : struct, IMeasure
    {
        measure.Many(_batch.Pointer, count, _distances.Pointer);
        NodePool pool = _walk.Pool;
        for (int i = 0; i < count; i++)
        {
            ulong key = NodeKey.Pack(_distances[i], _batch[i]);
            if (key < pool.Bound)
                pool.Insert(key);
        }
        return 0;
    }

    private int Descend<TMeasure>(TMeasure measure, out float distance)
        where TMeasure : struct, IMeasure
    {
        int nearest = graph.EntryPoint;
        _batch[0] = nearest;
        measure.Many(_batch.Pointer, 1, _distances.Pointer);
        distance = _distances[0];
        for (int layer = graph.MaxLevel; layer > 0; layer--)
            nearest = _walk.Descend(new SparseRows(graph, layer), measure, nearest, ref distance);
        return nearest;
    }
}
