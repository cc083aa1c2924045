using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Building;

/// <summary>
/// Renumbers a graph so that nodes near one another stand near one another in memory, which spares cache and page-table misses in a search.
/// The layers serve as a hierarchy of clusters: on each layer a breadth-first search from all nodes of the layer above at once gives
/// every node to the one that reaches it first; nodes are then ordered by their owner, and owners by theirs. Costs one pass over
/// the links and needs no vectors, and is a function of the graph alone.
/// </summary>
public static unsafe class LocalityOrder
{
    /// <summary>The order to apply.</summary>
    /// <param name="graph">A graph in which every node is reachable on each of its layers, as <see cref="HnswBuilder"/> leaves it.</param>
    /// <returns>For each new ordinal, the present one: a permutation of graph.Count values.</returns>
    public static int[] Find(HnswGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (graph.Count == 0)
            return [];
        var owners = new int[graph.Count];
        int[] order = [graph.EntryPoint];
        for (int layer = graph.MaxLevel; layer >= 0; layer--)
            order = Refine(graph, layer, order, owners);
        return order;
    }

    /// <summary>The graph in another numbering.</summary>
    /// <param name="graph">A graph.</param>
    /// <param name="order">For each new ordinal, the present one.</param>
    /// <exception cref="ArgumentException"><paramref name="order"/> is not a permutation of the graph's nodes.</exception>
    public static HnswGraph Apply(HnswGraph graph, ReadOnlySpan<int> order)
    {
        ArgumentNullException.ThrowIfNull(graph);
        int[] newOf = Inverse(order, graph.Count);
        var levels = new NativeBlock<byte>(graph.Count);
        var upperRows = new NativeBlock<int>(graph.Count);
        int upper = 0;
        for (int node = 0; node < graph.Count; node++)
        {
            levels[node] = graph.Levels[order[node]];
            upperRows[node] = levels[node] == 0 ? -1 : upper;
            upper += levels[node];
        }
        var baseSplits = new NativeBlock<int>(graph.BaseSplits.Length);
        var baseNeighbors = new NativeBlock<int>(graph.BaseNeighbors.Length);
        var upperSplits = new NativeBlock<int>(graph.UpperSplits.Length);
        var upperNeighbors = new NativeBlock<int>(graph.UpperNeighbors.Length);
        for (int node = 0; node < graph.Count; node++)
        {
            Copy(graph.Neighbors(order[node], 0), newOf, baseSplits, baseNeighbors, node);
            for (int layer = 1; layer <= levels[node]; layer++)
                Copy(graph.Neighbors(order[node], layer), newOf, upperSplits, upperNeighbors, upperRows[node] + layer - 1);
        }
        int entry = graph.Count == 0 ? -1 : newOf[graph.EntryPoint];
        return new HnswGraph(
            graph.Count, graph.M, graph.M0, entry, levels, baseSplits, baseNeighbors, upperRows, upperSplits, upperNeighbors);
    }

    /// <summary>Rows of a matrix in another order.</summary>
    /// <param name="rows">Row-major matrix, order.Length x <paramref name="width"/>.</param>
    /// <param name="width">Values of a row.</param>
    /// <param name="order">For each new row, the present one.</param>
    /// <exception cref="ArgumentException">The matrix is too small, or <paramref name="order"/> is not a permutation.</exception>
    public static NativeBlock<T> Apply<T>(NativeBlock<T> rows, int width, ReadOnlySpan<int> order)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(width);
        if (rows.Length < (long)order.Length * width)
            throw new ArgumentException(
                $"{order.Length} rows of {width} need {(long)order.Length * width} values; the block has {rows.Length}.", nameof(rows));
        Inverse(order, order.Length);
        var result = new NativeBlock<T>((long)order.Length * width);
        for (int row = 0; row < order.Length; row++)
            rows.Span((long)order[row] * width, width).CopyTo(result.Span((long)row * width, width));
        return result;
    }

    /// <summary>Orders the nodes of a layer by the given nodes, which are those of the layer above.</summary>
    private static int[] Refine(HnswGraph graph, int layer, int[] sources, int[] owners)
    {
        int members = 0;
        for (int node = 0; node < graph.Count; node++)
        {
            owners[node] = -1;
            members += graph.Levels[node] >= layer ? 1 : 0;
        }
        var queue = new int[members];
        int reached = 0;
        foreach (int source in sources)
        {
            owners[source] = reached;
            queue[reached++] = source;
        }
        for (int head = 0; head < reached; head++)
        {
            foreach (int neighbor in graph.Neighbors(queue[head], layer))
            {
                if (owners[neighbor] >= 0)
                    continue;
                owners[neighbor] = owners[queue[head]];
                queue[reached++] = neighbor;
            }
        }
        if (reached != members)
            throw new ArgumentException(
                $"{members - reached} nodes cannot be reached on layer {layer}; the graph was not repaired.", nameof(graph));
        return SortByOwner(queue, owners, sources.Length);
    }

    /// <summary>A stable counting sort.</summary>
    private static int[] SortByOwner(int[] nodes, int[] owners, int ownerCount)
    {
        var starts = new int[ownerCount + 1];
        foreach (int node in nodes)
            starts[owners[node] + 1]++;
        for (int i = 0; i < ownerCount; i++)
            starts[i + 1] += starts[i];
        var sorted = new int[nodes.Length];
        foreach (int node in nodes)
            sorted[starts[owners[node]]++] = node;
        return sorted;
    }

    private static void Copy(ReadOnlySpan<int> row, int[] newOf, NativeBlock<int> splits, NativeBlock<int> neighbors, int newRow)
    {
        int start = splits[newRow];
        for (int i = 0; i < row.Length; i++)
            neighbors[start + i] = newOf[row[i]];
        splits[newRow + 1] = start + row.Length;
    }

    private static int[] Inverse(ReadOnlySpan<int> order, int count)
    {
        if (order.Length != count)
            throw new ArgumentException($"The order has {order.Length} entries for {count} nodes.", nameof(order));
        var inverse = new int[count];
        Array.Fill(inverse, -1);
        for (int i = 0; i < count; i++)
        {
            if ((uint)order[i] >= (uint)count || inverse[order[i]] >= 0)
                throw new ArgumentException($"Entry {i} of the order, {order[i]}, is out of range or a repetition.", nameof(order));
            inverse[order[i]] = i;
        }
        return inverse;
    }
}
