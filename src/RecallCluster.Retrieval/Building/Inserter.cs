using RecallCluster.Numerics;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Building;

/// <summary>
/// Inserts nodes into a graph: INSERT of Malkov &amp; Yashunin (arXiv 1603.09320, Algorithm 1), with one change that makes it safe beside
/// other inserters without a lock on reading: first all rows of the new node are written, layer by layer from the top, and only
/// then is it linked from others. Whoever reaches it on any layer thus finds its links in place. One per thread.
/// </summary>
internal sealed unsafe class Inserter : IDisposable
{
    private readonly GraphUnderConstruction _graph;
    private readonly HnswOptions _options;
    private readonly VectorDistance _distance;
    private readonly float* _vectors;
    private readonly LayerWalk _walk;
    private readonly NeighborSelector _selector;
    private readonly NativeBlock<int> _row;

    public Inserter(GraphUnderConstruction graph, float* vectors, int dim, HnswOptions options)
    {
        _graph = graph;
        _options = options;
        _distance = new VectorDistance(options.Metric, dim);
        _vectors = vectors;
        _walk = new LayerWalk(graph.Count, options.M0);
        _selector = new NeighborSelector(_distance, vectors, options.M0, options.KeepPruned);
        _row = new NativeBlock<int>(options.M0);
    }

    /// <summary>Inserts <paramref name="node"/>, which is not the entry point and was not inserted before.</summary>
    public void Insert(int node)
    {
        int level = _graph.Levels[node];
        FindNeighbors(node, level);
        for (int layer = 0; layer <= level; layer++)
            LinkBack(node, layer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _walk.Dispose();
        _selector.Dispose();
        _row.Dispose();
    }

    private void FindNeighbors(int node, int level)
    {
        var measure = new FloatMeasure(_distance, _vectors + ((long)node * _distance.Dim), _vectors);
        int nearest = _graph.EntryPoint;
        float best = measure.One(nearest);
        for (int layer = _graph.MaxLevel; layer > level; layer--)
            nearest = _walk.Descend(Rows(layer), measure, nearest, ref best);
        _walk.Begin(nearest, best, _options.EfConstruction);
        for (int layer = level; layer >= 0; layer--)
        {
            if (layer < level)
                _walk.BeginLayer();
            _walk.Run(Rows(layer), measure);
            _selector.Select(_walk.Pool.Keys, _walk.Pool.Count, _options.M);
            _graph.Links(layer).Replace(_graph.Row(node, layer), _selector.Nodes, _selector.Distances, _selector.Diverse);
        }
    }

    private void LinkBack(int node, int layer)
    {
        LinkRows links = _graph.Links(layer);
        int row = _graph.Row(node, layer);

        // As soon as one node links here, others find this row and may append to it: work on a copy of what was selected.
        int degree = links.Degree(row);
        int* targets = stackalloc int[degree];
        float* lengths = stackalloc float[degree];
        new ReadOnlySpan<int>(links.Nodes(row), degree).CopyTo(new Span<int>(targets, degree));
        new ReadOnlySpan<float>(links.Distances(row), degree).CopyTo(new Span<float>(lengths, degree));
        for (int i = 0; i < degree; i++)
            LinkFrom(links, targets[i], _graph.Row(targets[i], layer), node, lengths[i]);
    }

    private void LinkFrom(LinkRows links, int source, int row, int node, float length)
    {
        _graph.Lock(source);
        if (links.Degree(row) < links.Stride)
        {
            links.Append(row, node, length);
        }
        else
        {
            _selector.Shrink(links, row, node, length);
            links.Replace(row, _selector.Nodes, _selector.Distances, _selector.Diverse);
        }
        _graph.Unlock(source);
    }

    private GrowingRows Rows(int layer) => new(_graph, layer, _row.Pointer);
}
