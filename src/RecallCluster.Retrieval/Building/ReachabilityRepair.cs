using RecallCluster.Numerics;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Building;

/// <summary>
/// Makes every node reachable from the entry point on each of its layers, within the degree bound. Shrinking rows leaves some nodes
/// without an incoming link; a search never finds those. A spanning tree of what is reachable is grown breadth first. Each node left
/// outside is linked from a reachable node near it that has a free slot, or else one that spares its longest link outside the tree; both
/// keep the tree whole, so nothing becomes unreachable. A tree of n nodes has n - 1 links, so some reachable node always has such a slot.
/// Costs one pass over the links, and one search for each node to be linked whose own neighbours cannot take it.
/// </summary>
internal sealed unsafe class ReachabilityRepair
{
    private const int NotReached = -2;
    private const int Root = -1;
    private readonly GraphUnderConstruction _graph;
    private readonly HnswOptions _options;
    private readonly VectorDistance _distance;
    private readonly float* _vectors;
    private readonly int[] _parent;
    private readonly int[] _queue;
    private int _reached;
    private int _spareCursor;

    public ReachabilityRepair(GraphUnderConstruction graph, float* vectors, int dim, HnswOptions options)
    {
        _graph = graph;
        _options = options;
        _distance = new VectorDistance(options.Metric, dim);
        _vectors = vectors;
        _parent = new int[graph.Count];
        _queue = new int[graph.Count];
    }

    /// <summary>Number of links that were made.</summary>
    public int Links { get; private set; }

    /// <summary>Repairs all layers.</summary>
    public void Run(CancellationToken cancellationToken)
    {
        if (_graph.Count == 0)
            return;
        using var walk = new LayerWalk(_graph.Count, _options.M0);
        using var row = new NativeBlock<int>(_options.M0);
        for (int layer = _graph.MaxLevel; layer >= 0; layer--)
            RepairLayer(layer, walk, row.Pointer, cancellationToken);
    }

    private void RepairLayer(int layer, LayerWalk walk, int* row, CancellationToken cancellationToken)
    {
        Array.Fill(_parent, NotReached);
        _reached = 0;
        _spareCursor = 0;
        Reach(_graph.EntryPoint, Root, layer);
        for (int node = 0; node < _graph.Count; node++)
        {
            if (_parent[node] != NotReached || _graph.Levels[node] < layer)
                continue;
            cancellationToken.ThrowIfCancellationRequested();
            if (!AdoptByNeighbor(node, layer) && !AdoptByNearest(node, layer, walk, row))
                AdoptByAnyone(node, layer);
            Links++;
        }
    }

    /// <summary>Adds a node and all that it leads to to the tree.</summary>
    private void Reach(int node, int parent, int layer)
    {
        LinkRows links = _graph.Links(layer);
        _parent[node] = parent;
        int head = _reached;
        _queue[_reached++] = node;
        while (head < _reached)
        {
            int source = _queue[head++], row = _graph.Row(source, layer), degree = links.Degree(row);
            int* targets = links.Nodes(row);
            for (int i = 0; i < degree; i++)
            {
                if (_parent[targets[i]] != NotReached)
                    continue;
                _parent[targets[i]] = source;
                _queue[_reached++] = targets[i];
            }
        }
    }

    private bool AdoptByNeighbor(int node, int layer)
    {
        LinkRows links = _graph.Links(layer);
        int row = _graph.Row(node, layer);
        for (int i = 0; i < links.Degree(row); i++)
        {
            int neighbor = links.Nodes(row)[i];
            if (_parent[neighbor] != NotReached && TryLink(neighbor, node, links.Distances(row)[i], layer))
                return true;
        }
        return false;
    }

    private bool AdoptByNearest(int node, int layer, LayerWalk walk, int* row)
    {
        FloatMeasure measure = Measure(node);
        walk.Begin(_graph.EntryPoint, measure.One(_graph.EntryPoint), _options.EfConstruction);
        walk.Run(new GrowingRows(_graph, layer, row), measure);
        for (int i = 0; i < walk.Pool.Count; i++)
        {
            ulong key = walk.Pool.Keys[i];
            if (TryLink(NodeKey.Node(key), node, NodeKey.Distance(key), layer))
                return true;
        }
        return false;
    }

    private void AdoptByAnyone(int node, int layer)
    {
        // A node without a spare slot never gets one back, so the search goes on where it ended.
        FloatMeasure measure = Measure(node);
        for (; _spareCursor < _reached; _spareCursor++)
        {
            int source = _queue[_spareCursor];
            if (TryLink(source, node, measure.One(source), layer))
                return;
        }
        throw new InvalidOperationException($"No reachable node can take node {node} on layer {layer}; the degree bound is below 2.");
    }

    private bool TryLink(int source, int node, float length, int layer)
    {
        LinkRows links = _graph.Links(layer);
        int row = _graph.Row(source, layer), degree = links.Degree(row);
        if (degree < links.Stride)
        {
            links.Append(row, node, length);
        }
        else
        {
            int slot = LongestOutsideTree(links, row, source);
            if (slot < 0)
                return false;
            links.Overwrite(row, slot, node, length);
        }
        Reach(node, source, layer);
        return true;
    }

    private FloatMeasure Measure(int node) => new(_distance, _vectors + ((long)node * _distance.Dim), _vectors);

    private int LongestOutsideTree(LinkRows links, int row, int source)
    {
        int slot = -1;
        for (int i = 0; i < links.Degree(row); i++)
        {
            if (_parent[links.Nodes(row)[i]] != source && (slot < 0 || links.Distances(row)[i] > links.Distances(row)[slot]))
                slot = i;
        }
        return slot;
    }
}
