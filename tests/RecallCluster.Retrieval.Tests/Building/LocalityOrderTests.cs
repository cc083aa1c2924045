using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Tests.Building;

public sealed class LocalityOrderTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2500)]
    public void A_renumbered_graph_finds_the_same_vectors(int count)
    {
        const int Dim = 12, K = 10;
        using NativeBlock<float> vectors = TestVectors.Clustered(count, Dim, 20, 4);
        HnswGraph graph = HnswBuilder.Build(vectors, count, Dim, new HnswOptions { LevelRatio = 8 });
        int[] order = LocalityOrder.Find(graph);
        Assert.Equal(Enumerable.Range(0, count), order.Order());
        HnswGraph renumbered = LocalityOrder.Apply(graph, order);
        GraphInvariants.Check(renumbered);
        using NativeBlock<float> moved = LocalityOrder.Apply(vectors, Dim, order);
        var before = new VectorSearcher(graph, vectors, Dim, VectorMetric.SquaredL2);
        var after = new VectorSearcher(renumbered, moved, Dim, VectorMetric.SquaredL2);
        var found = new int[K];
        var foundAfter = new int[K];
        for (int query = 0; query < Math.Min(count, 100); query++)
        {
            ReadOnlySpan<float> vector = vectors.Span((long)query * Dim, Dim);
            int number = before.Search(vector, 50, found, []);
            Assert.Equal(number, after.Search(vector, 50, foundAfter, []));
            Assert.Equal(found[..number].Order(), foundAfter[..number].Select(node => order[node]).Order());
        }
    }

    [Fact]
    public void Neighbours_move_together()
    {
        const int Count = 4000, Dim = 8;
        using NativeBlock<float> vectors = TestVectors.Gaussian(Count, Dim, 4);
        HnswGraph graph = HnswBuilder.Build(vectors, Count, Dim, new HnswOptions());
        HnswGraph renumbered = LocalityOrder.Apply(graph, LocalityOrder.Find(graph));
        Assert.InRange(ShareOfNearLinks(renumbered), 5 * ShareOfNearLinks(graph), 1);
    }

    [Fact]
    public void What_is_no_permutation_is_refused()
    {
        using NativeBlock<float> vectors = TestVectors.Gaussian(3, 2, 4);
        HnswGraph graph = HnswBuilder.Build(vectors, 3, 2, new HnswOptions());
        Assert.Throws<ArgumentException>(() => LocalityOrder.Apply(graph, [0, 1]));
        Assert.Throws<ArgumentException>(() => LocalityOrder.Apply(graph, [0, 1, 1]));
        Assert.Throws<ArgumentException>(() => LocalityOrder.Apply(graph, [0, 1, 3]));
        Assert.Throws<ArgumentException>(() => LocalityOrder.Apply(vectors, 3, [0, 1, 2]));
    }

    /// <summary>The share of links between nodes less than 64 places apart: 3 % of them in a random order of 4,000.</summary>
    private static double ShareOfNearLinks(HnswGraph graph)
    {
        int near = 0;
        for (int node = 0; node < graph.Count; node++)
        {
            foreach (int neighbor in graph.Neighbors(node, 0))
                near += Math.Abs(node - neighbor) < 64 ? 1 : 0;
        }
        return (double)near / graph.BaseNeighbors.Length;
    }
}
