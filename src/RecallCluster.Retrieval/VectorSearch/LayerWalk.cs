using System.Runtime.CompilerServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>
/// The search of one layer, with the memory that it needs; one per thread. Best-first with early stop: SEARCH-LAYER of Malkov &amp;
/// Yashunin (arXiv 1603.09320, Algorithm 2), where the distances of all new neighbours of two nodes are computed in one batch.
/// </summary>
/// <param name="count">Number of nodes of the graph.</param>
/// <param name="rowLength">The most neighbours of a node.</param>
internal sealed unsafe class LayerWalk(int count, int rowLength) : IDisposable
{
    /// <summary>
    /// Candidates whose neighbours are measured in one batch. Expanding the two nearest at once keeps the memory busy while the first of
    /// them would wait for its row; nearly all of the pool is expanded in the end, so little is measured in vain.
    /// </summary>
    private const int ExpandedTogether = 2;

    private readonly NativeBlock<float> _distances = new(ExpandedTogether * (long)rowLength);
    private readonly NativeBlock<ulong> _keys = new(ExpandedTogether * (long)rowLength);
    private readonly NativeBlock<int> _fresh = new((ExpandedTogether * (long)rowLength) + 1);
    private VisitedBitmap _visited;

    /// <summary>The nearest nodes found, in ascending order of distance.</summary>
    public NodePool Pool { get; } = new();

    /// <summary>Starts a search of width <paramref name="ef"/> at <paramref name="seed"/>, whose distance is known.</summary>
    public void Begin(int seed, float distance, int ef)
    {
        Pool.Reset(ef);
        _visited.Begin(count);
        _visited.Add(seed);
        Pool.Insert(NodeKey.Pack(distance, seed));
    }

    /// <summary>Starts the search of the next layer at everything that the pool holds.</summary>
    public void BeginLayer()
    {
        _visited.Begin(count);
        for (int i = 0; i < Pool.Count; i++)
            _visited.Add(NodeKey.Node(Pool.Keys[i]));
        Pool.MarkAllUnexpanded();
    }

    /// <summary>Expands the nearest candidates until none of the pool is left.</summary>
    public void Run<TRows, TMeasure>(TRows rows, TMeasure measure)
        where TRows : struct, INeighborRows
        where TMeasure : struct, IMeasure
    {
        while (Pool.HasUnexpanded)
        {
            int added = Expand(rows, measure, out int* fresh);
            Pool.PrefetchNearest(rows, ExpandedTogether);
            measure.Many(fresh, added, _distances.Pointer);
            Collect(rows, fresh, added);
        }
    }

    /// <summary>Walks from <paramref name="node"/> to ever nearer neighbours until none is nearer: a search of width 1.</summary>
    /// <returns>The node where it ends, <paramref name="best"/> being its distance.</returns>
    public int Descend<TRows, TMeasure>(TRows rows, TMeasure measure, int node, ref float best)
        where TRows : struct, INeighborRows
        where TMeasure : struct, IMeasure
    {
        float* distances = _distances.Pointer;
        bool moved;
        do
        {
            moved = false;
            int* row = rows.Row(node, out int length);
            for (int i = 0; i < length; i++)
            {
                measure.Prefetch(row[i]);
                rows.PrefetchHead(row[i]);
            }
            measure.Many(row, length, distances);
            for (int i = 0; i < length; i++)
            {
                if (distances[i] < best)
                {
                    best = distances[i];
                    node = row[i];
                    moved = true;
                }
            }
        }
        while (moved);
        return node;
    }

    /// <summary>The neighbours of a node that the walk has not met since its beginning; it has met them now.</summary>
    /// <returns>The new nodes, valid until the next call.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int* Meet(int* row, int length, out int added)
    {
        added = _visited.AddRow(row, length, _fresh.Pointer);
        return _fresh.Pointer;
    }

    /// <summary>Marks the nearest candidates as expanded and starts fetching the vectors of their new neighbours.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Expand<TRows, TMeasure>(TRows rows, TMeasure measure, out int* fresh)
        where TRows : struct, INeighborRows
        where TMeasure : struct, IMeasure
    {
        int added = 0;
        fresh = _fresh.Pointer;
        for (int i = 0; i < ExpandedTogether; i++)
        {
            int node = Pool.TakeNearest();
            if (node < 0)
                break;
            int* row = rows.Row(node, out int length);
            int some = _visited.AddRow(row, length, fresh + added);
            for (int j = added; j < added + some; j++)
                measure.Prefetch(fresh[j]);
            added += some;
        }
        return added;
    }

    /// <summary>Puts the measured nodes that are near enough into the pool.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Collect<TRows>(TRows rows, int* nodes, int count)
        where TRows : struct, INeighborRows
    {
        NodePool pool = Pool;
        float* distances = _distances.Pointer;
        ulong* keys = _keys.Pointer;
        ulong bound = pool.Bound;
        int near = 0;

        // Picks the few that may pass without a branch on each; the bound tightens as they enter, so it is asked again.
        for (int i = 0; i < count; i++)
        {
            ulong key = NodeKey.Pack(distances[i], nodes[i]);
            keys[near] = key;
            near += key < bound ? 1 : 0;
        }
        for (int i = 0; i < near; i++)
        {
            if (keys[i] >= pool.Bound)
                continue;
            rows.PrefetchHead(NodeKey.Node(keys[i]));
            pool.Insert(keys[i]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pool.Dispose();
        _fresh.Dispose();
        _distances.Dispose();
        _keys.Dispose();
    }
}
