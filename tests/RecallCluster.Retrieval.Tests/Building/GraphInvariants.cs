namespace RecallCluster.Retrieval.Tests.Building;

/// <summary>What must hold of every finished graph.</summary>
internal static class GraphInvariants
{
    public static void Check(HnswGraph graph)
    {
        Assert.Equal(graph.Count, graph.Levels.Length);
        Assert.Equal(graph.Count + 1, graph.BaseSplits.Length);
        if (graph.Count == 0)
        {
            Assert.Equal(-1, graph.EntryPoint);
            return;
        }
        int upper = 0;
        for (int node = 0; node < graph.Count; node++)
        {
            Assert.InRange(graph.Levels[node], 0, graph.MaxLevel);
            Assert.Equal(graph.Levels[node] == 0 ? -1 : upper, graph.UpperRows[node]);
            upper += graph.Levels[node];
        }
        Assert.Equal(upper + 1, graph.UpperSplits.Length);
        for (int layer = 0; layer <= graph.MaxLevel; layer++)
            CheckLayer(graph, layer);
    }

    /// <summary>Number of nodes that can be reached from the entry point along the links of one layer.</summary>
    public static int Reachable(HnswGraph graph, int layer)
    {
        var seen = new HashSet<int> { graph.EntryPoint };
        var queue = new Queue<int>(seen);
        while (queue.TryDequeue(out int node))
        {
            foreach (int neighbor in graph.Neighbors(node, layer))
            {
                if (seen.Add(neighbor))
                    queue.Enqueue(neighbor);
            }
        }
        return seen.Count;
    }

    private static void CheckLayer(HnswGraph graph, int layer)
    {
        int bound = layer == 0 ? graph.M0 : graph.M, members = 0;
        for (int node = 0; node < graph.Count; node++)
        {
            if (graph.Levels[node] < layer)
                continue;
            members++;
            int[] neighbors = graph.Neighbors(node, layer).ToArray();
            Assert.True(neighbors.Length <= bound, $"Node {node} has {neighbors.Length} links on layer {layer}; the bound is {bound}.");
            Assert.Equal(neighbors.Length, neighbors.Distinct().Count());
            Assert.DoesNotContain(node, neighbors);
            Assert.All(neighbors, neighbor => Assert.True(graph.Levels[neighbor] >= layer));
        }
        Assert.Equal(members, Reachable(graph, layer));
    }
}
