using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Live;

/// <summary>
/// The links of a live index: INSERT of Malkov &amp; Yashunin (arXiv 1603.09320, Algorithm 1) with the builder's neighbour selection, and
/// the repair of rows that lead to deleted nodes, which are replaced by what lies behind them (the delete consolidation of FreshDiskANN,
/// Singh et al., arXiv 2105.09613). Deleted nodes are walked through, but never linked to where there is a living candidate. For the
/// one writer only.
/// </summary>
internal sealed unsafe class LiveLinker : IDisposable
{
    // Candidates that a repaired row is selected from.
    private const int MaxCandidates = 512;

    private readonly LiveStore _store;
    private readonly int _efConstruction;
    private readonly VectorDistance _distance;
    private readonly LayerWalk _walk;
    private readonly NeighborSelector _selector;
    private readonly NativeBlock<ulong> _keys;
    private readonly NativeBlock<int> _nodes;
    private readonly NativeBlock<float> _lengths;
    private readonly NativeBlock<int> _row;
    private readonly HashSet<int> _met = [];

    public LiveLinker(LiveStore store, int efConstruction)
    {
        _store = store;
        _efConstruction = efConstruction;
        int bound = Math.Max(store.M, store.M0);
        _distance = new VectorDistance(VectorMetric.SquaredL2, store.Dim);
        _walk = new LayerWalk(store.Capacity, bound);
        _selector = new NeighborSelector(_distance, store.Vectors.Pointer, bound, keepPruned: false);
        int candidates = Math.Max(MaxCandidates, bound + 1);
        _keys = new NativeBlock<ulong>(Math.Max(efConstruction, candidates));
        _nodes = new NativeBlock<int>(candidates);
        _lengths = new NativeBlock<float>(candidates);
        _row = new NativeBlock<int>(bound);
    }

    /// <summary>Selects the rows of a node that was written but not published, on all its layers.</summary>
    public void SelectRows(int node)
    {
        int entry = _store.EntryPoint;
        if (entry < 0)
            return;
        int level = _store.Level(node), top = _store.Level(entry);
        var measure = new FloatMeasure(_distance, _store.Vector(node), _store.Vectors.Pointer);
        float best = measure.One(entry);
        for (int layer = top; layer > level; layer--)
            entry = _walk.Descend(new LiveLayer(_store, layer, _row.Pointer), measure, entry, ref best);
        _walk.Begin(entry, best, _efConstruction);
        for (int layer = Math.Min(level, top); layer >= 0; layer--)
        {
            if (layer < Math.Min(level, top))
                _walk.BeginLayer();
            _walk.Run(new LiveLayer(_store, layer, _row.Pointer), measure);
            _selector.Select(_keys.Pointer, LivingOf(_walk.Pool), _store.M);
            _store.Rows(layer).Write(_store.RowOf(node, layer), _selector.Nodes);
        }
    }

    /// <summary>Links a published node from its neighbours, on all layers.</summary>
    public void LinkBack(int node)
    {
        int* targets = stackalloc int[Math.Max(_store.M, _store.M0)];
        for (int layer = _store.Level(node); layer >= 0; layer--)
        {
            int* row = _store.Neighbors(node, layer, out int degree);
            new ReadOnlySpan<int>(row, degree).CopyTo(new Span<int>(targets, degree));
            bool linked = false;
            for (int i = 0; i < degree; i++)
                linked |= TryLink(targets[i], node, layer);
            if (!linked && degree > 0)
                ForceLink(targets[0], node, layer);
        }
    }

    /// <summary>Replaces the links of a node to deleted nodes, on all its layers, where there is something to replace them by.</summary>
    /// <returns>Number of rows changed.</returns>
    public int Repair(int node)
    {
        int changed = 0;
        for (int layer = _store.Level(node); layer >= 0; layer--)
        {
            if (!LeadsToDeleted(node, layer))
                continue;
            int candidates = CollectLiving(node, layer);
            if (candidates == 0)
                continue;
            SelectAmong(node, candidates, _store.Rows(layer).Bound);
            _store.Rows(layer).Write(_store.RowOf(node, layer), _selector.Nodes);
            changed++;
        }
        return changed;
    }

    public void Dispose()
    {
        _walk.Dispose();
        _selector.Dispose();
        _keys.Dispose();
        _nodes.Dispose();
        _lengths.Dispose();
        _row.Dispose();
    }

    /// <summary>Copies the nodes of a pool that live, or all where none does, so that a new node is never without links.</summary>
    private int LivingOf(NodePool pool)
    {
        int living = 0;
        for (int i = 0; i < pool.Count; i++)
        {
            if (!_store.IsDeleted(NodeKey.Node(pool.Keys[i])))
                _keys[living++] = pool.Keys[i];
        }
        if (living > 0)
            return living;
        new ReadOnlySpan<ulong>(pool.Keys, pool.Count).CopyTo(_keys.Span(0, pool.Count));
        return pool.Count;
    }

    private bool TryLink(int source, int node, int layer)
    {
        LiveRows rows = _store.Rows(layer);
        int* row = _store.Neighbors(source, layer, out int degree);
        if (degree < rows.Bound)
        {
            rows.Append(_store.RowOf(source, layer), node);
            return true;
        }
        _nodes[0] = node;
        int candidates = 1;
        for (int i = 0; i < degree; i++)
        {
            // A row that is rewritten anyway leaves its deleted neighbours out.
            if (!_store.IsDeleted(row[i]))
                _nodes[candidates++] = row[i];
        }
        SelectAmong(source, candidates, rows.Bound);
        rows.Write(_store.RowOf(source, layer), _selector.Nodes);
        return _selector.Nodes.Contains(node);
    }

    /// <summary>
    /// Gives a node that no neighbour kept one link: in place of one that the nearest neighbour's other neighbours have too.
    /// </summary>
    private void ForceLink(int source, int node, int layer)
    {
        LiveRows rows = _store.Rows(layer);
        int* row = _store.Neighbors(source, layer, out int degree);
        if (degree < rows.Bound)
        {
            // Shrinking has left room: what the heuristic would not keep may stand there all the same.
            rows.Append(_store.RowOf(source, layer), node);
            return;
        }
        int slot = degree - 1;
        for (; slot > 0 && !LinkedByAnother(row, degree, row[slot], layer); slot--)
        {
        }
        int* copy = stackalloc int[degree];
        new ReadOnlySpan<int>(row, degree).CopyTo(new Span<int>(copy, degree));
        copy[slot] = node;
        rows.Write(_store.RowOf(source, layer), new ReadOnlySpan<int>(copy, degree));
    }

    private bool LinkedByAnother(int* row, int degree, int node, int layer)
    {
        for (int i = 0; i < degree; i++)
        {
            int* others = _store.Neighbors(row[i], layer, out int length);
            if (new ReadOnlySpan<int>(others, length).Contains(node))
                return true;
        }
        return false;
    }

    private bool LeadsToDeleted(int node, int layer)
    {
        int* row = _store.Neighbors(node, layer, out int degree);
        for (int i = 0; i < degree; i++)
        {
            if (_store.IsDeleted(row[i]))
                return true;
        }
        return false;
    }

    /// <summary>
    /// Writes down the living neighbours of a node, and those that its deleted neighbours lead to, through further deleted ones.
    /// </summary>
    private int CollectLiving(int node, int layer)
    {
        _met.Clear();
        _met.Add(node);

        // The living grow from the front, the deleted yet to be looked through from the back.
        int living = 0, deleted = MaxCandidates;
        Collect(node);
        while (deleted < MaxCandidates && living < deleted)
            Collect(_nodes[deleted++]);
        return living;

        void Collect(int from)
        {
            int* row = _store.Neighbors(from, layer, out int degree);
            for (int i = 0; i < degree && living < deleted; i++)
            {
                if (!_met.Add(row[i]))
                    continue;
                if (_store.IsDeleted(row[i]))
                    _nodes[--deleted] = row[i];
                else
                    _nodes[living++] = row[i];
            }
        }
    }

    /// <summary>Selects neighbours of a node among the first candidates written down.</summary>
    private void SelectAmong(int node, int candidates, int limit)
    {
        _distance.Many(_store.Vector(node), _store.Vectors.Pointer, _nodes.Pointer, candidates, _lengths.Pointer);
        for (int i = 0; i < candidates; i++)
            _keys[i] = NodeKey.Pack(_lengths[i], _nodes[i]);
        _keys.Span(0, candidates).Sort();
        _selector.Select(_keys.Pointer, candidates, limit);
    }
}
