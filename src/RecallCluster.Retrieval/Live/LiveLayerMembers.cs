namespace RecallCluster.Retrieval.Live;

/// <summary>The nodes of each upper layer, in the order in which they came; appended to by one writer while others read.</summary>
internal sealed class LiveLayerMembers
{
    private readonly int[][] _nodes = [.. Enumerable.Repeat(Array.Empty<int>(), HnswGraph.MaxLayers)];
    private readonly int[] _counts = new int[HnswGraph.MaxLayers];

    /// <summary>Adds a node to layers 1 to <paramref name="level"/>.</summary>
    public void Add(int node, int level)
    {
        for (int layer = 1; layer <= level; layer++)
        {
            int count = _counts[layer];
            if (count == _nodes[layer].Length)
            {
                int[] larger = new int[Math.Max(16, 2 * count)];
                _nodes[layer].CopyTo(larger, 0);
                Volatile.Write(ref _nodes[layer], larger);
            }
            _nodes[layer][count] = node;
            Volatile.Write(ref _counts[layer], count + 1);
        }
    }

    /// <summary>The nodes of a layer that are below <paramref name="limit"/>.</summary>
    public ReadOnlySpan<int> Below(int layer, int limit)
    {
        // The count first: the array that is read after it is at least as long.
        int count = Volatile.Read(ref _counts[layer]);
        ReadOnlySpan<int> nodes = Volatile.Read(ref _nodes[layer]).AsSpan(0, count);
        while (!nodes.IsEmpty && nodes[^1] >= limit)
            nodes = nodes[..^1];
        return nodes;
    }
}
