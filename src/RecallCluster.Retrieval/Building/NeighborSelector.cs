using RecallCluster.Numerics;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Building;

/// <summary>
/// SELECT-NEIGHBORS-HEURISTIC of Malkov &amp; Yashunin (arXiv 1603.09320, Algorithm 4): a candidate is kept when it is nearer to the node
/// than to every candidate kept before it, so that links point in different directions. The result is "diverse". Candidates that are known
/// to be diverse among themselves are not measured against one another again: that leaves the result as it is, and takes most of the work
/// out of shrinking a full row, of which only the links added since the last shrink are new. Not thread-safe; one per worker.
/// </summary>
internal sealed unsafe class NeighborSelector : IDisposable
{
    private const int Batch = 8;
    private readonly VectorDistance _distance;
    private readonly float* _vectors;
    private readonly bool _keepPruned;
    private readonly NativeBlock<int> _nodes;
    private readonly NativeBlock<float> _lengths;
    private readonly NativeBlock<int> _fresh;
    private readonly NativeBlock<ulong> _pruned;
    private readonly NativeBlock<ulong> _merged;
    private readonly NativeBlock<float> _measured = new(Batch);

    /// <summary>A selector among rows of <paramref name="vectors"/>.</summary>
    /// <param name="distance">The metric.</param>
    /// <param name="vectors">Row-major vectors; must outlive the selector.</param>
    /// <param name="limit">The most neighbours that will be asked for.</param>
    /// <param name="keepPruned">Whether a short selection is filled with the nearest dropped candidates.</param>
    public NeighborSelector(VectorDistance distance, float* vectors, int limit, bool keepPruned)
    {
        _distance = distance;
        _vectors = vectors;
        _keepPruned = keepPruned;
        _nodes = new NativeBlock<int>(limit);
        _lengths = new NativeBlock<float>(limit);
        _fresh = new NativeBlock<int>(limit);
        _pruned = new NativeBlock<ulong>(limit);
        _merged = new NativeBlock<ulong>(limit + 1);
    }

    /// <summary>Number of nodes selected.</summary>
    public int Count { get; private set; }

    /// <summary>How many of the selected, from the first, are sorted and diverse; the rest was filled in.</summary>
    public int Diverse { get; private set; }

    /// <summary>The selected nodes.</summary>
    public ReadOnlySpan<int> Nodes => _nodes.Span(0, Count);

    /// <summary>Their distances to the node.</summary>
    public ReadOnlySpan<float> Distances => _lengths.Span(0, Count);

    /// <summary>Selects at most <paramref name="limit"/> of sorted candidates, nothing being known about their diversity.</summary>
    /// <param name="keys">Candidates in ascending order.</param>
    /// <param name="count">Number of candidates.</param>
    /// <param name="limit">Number of neighbours wanted.</param>
    public void Select(ulong* keys, int count, int limit)
    {
        int kept = 0, pruned = 0;
        for (int i = 0; i < count && kept < limit; i++)
        {
            int node = NodeKey.Node(keys[i]);
            float length = NodeKey.Distance(keys[i]);
            if (IsNearerTo(_nodes.Pointer, kept, node, length))
            {
                if (_keepPruned && pruned < limit)
                    _pruned[pruned++] = keys[i];
                continue;
            }
            _nodes[kept] = node;
            _lengths[kept++] = length;
        }
        Finish(kept, pruned, limit);
    }

    /// <summary>Selects among the links of a full row and one more, within the row's bound.</summary>
    /// <param name="links">The storage.</param>
    /// <param name="row">A full row of it.</param>
    /// <param name="added">The node to be linked.</param>
    /// <param name="length">Its distance.</param>
    public void Shrink(LinkRows links, int row, int added, float length)
    {
        int limit = links.Stride, total = Merge(links, row, added, length);
        int kept = 0, fresh = 0, pruned = 0;
        for (int i = 0; i < total && kept < limit; i++)
        {
            // The flag of a key says here that the link belongs to the diverse part of the row.
            ulong key = _merged[i];
            bool known = NodeKey.IsExpanded(key);
            int node = NodeKey.Node(key);
            float distance = NodeKey.Distance(key);
            if (known ? IsNearerTo(_fresh.Pointer, fresh, node, distance) : IsNearerTo(_nodes.Pointer, kept, node, distance))
            {
                if (_keepPruned && pruned < limit)
                    _pruned[pruned++] = key;
                continue;
            }
            if (!known)
                _fresh[fresh++] = node;
            _nodes[kept] = node;
            _lengths[kept++] = distance;
        }
        Finish(kept, pruned, limit);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _nodes.Dispose();
        _lengths.Dispose();
        _fresh.Dispose();
        _pruned.Dispose();
        _merged.Dispose();
        _measured.Dispose();
    }

    private int Merge(LinkRows links, int row, int added, float length)
    {
        int degree = links.Degree(row), diverse = links.Diverse(row);
        int* nodes = links.Nodes(row);
        float* distances = links.Distances(row);
        ulong* merged = _merged.Pointer;
        for (int i = 0; i < diverse; i++)
            merged[i] = NodeKey.Expanded(NodeKey.Pack(distances[i], nodes[i]));
        for (int i = diverse; i < degree; i++)
            InsertSorted(merged, i, NodeKey.Pack(distances[i], nodes[i]));
        InsertSorted(merged, degree, NodeKey.Pack(length, added));
        return degree + 1;
    }

    private static void InsertSorted(ulong* keys, int count, ulong key)
    {
        int i = count;
        for (; i > 0 && keys[i - 1] > key; i--)
            keys[i] = keys[i - 1];
        keys[i] = key;
    }

    /// <summary>Whether <paramref name="node"/> is as near to one of <paramref name="others"/> as the given length, or nearer.</summary>
    private bool IsNearerTo(int* others, int count, int node, float length)
    {
        float* measured = _measured.Pointer;
        float* vector = _vectors + ((long)node * _distance.Dim);
        for (int start = 0; start < count; start += Batch)
        {
            int batch = Math.Min(Batch, count - start);
            _distance.Many(vector, _vectors, others + start, batch, measured);
            for (int i = 0; i < batch; i++)
            {
                if (measured[i] <= length)
                    return true;
            }
        }
        return false;
    }

    private void Finish(int kept, int pruned, int limit)
    {
        Diverse = kept;
        for (int i = 0; i < pruned && kept < limit; i++)
        {
            _nodes[kept] = NodeKey.Node(_pruned[i]);
            _lengths[kept++] = NodeKey.Distance(_pruned[i]);
        }
        Count = kept;
    }
}
