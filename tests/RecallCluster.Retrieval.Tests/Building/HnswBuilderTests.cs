using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;

namespace RecallCluster.Retrieval.Tests.Building;

public sealed class HnswBuilderTests
{
    [Theory]
    [InlineData(0, 8, 16, 1)]
    [InlineData(1, 8, 16, 1)]
    [InlineData(2, 1, 2, 1)]
    [InlineData(40, 3, 2, 1)]
    [InlineData(3000, 24, 4, 1)]
    [InlineData(3000, 64, 16, 1)]
    [InlineData(4000, 17, 8, 4)]
    public void Every_node_is_reachable_within_the_degree_bounds(int count, int dim, int m, int threads)
    {
        foreach (VectorMetric metric in Enum.GetValues<VectorMetric>())
        {
            foreach (int levelRatio in new[] { 2, m, 32 })
            {
                using NativeBlock<float> vectors = TestVectors.Gaussian(count, dim, 7);
                var options = new HnswOptions { M = m, EfConstruction = 40, LevelRatio = levelRatio, Metric = metric };
                GraphInvariants.Check(HnswBuilder.Build(vectors, count, dim, options, threads));
            }
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(3, false)]
    public void Clusters_and_crowds_of_duplicates_stay_connected(int threads, bool keepPruned)
    {
        using NativeBlock<float> clustered = TestVectors.Clustered(3000, 16, 30, 5);
        var options = new HnswOptions { M = 6, EfConstruction = 30, KeepPruned = keepPruned };
        GraphInvariants.Check(HnswBuilder.Build(clustered, 3000, 16, options, threads));

        // Two thousand copies of one vector, and three of every other.
        for (int row = 0; row < 2000; row++)
            clustered.Span(0, 16).CopyTo(clustered.Span(row * 16L, 16));
        for (int row = 2000; row < 3000; row++)
            clustered.Span((2000 + ((row - 2000) / 3)) * 16L, 16).CopyTo(clustered.Span(row * 16L, 16));
        GraphInvariants.Check(HnswBuilder.Build(clustered, 3000, 16, options, threads));
    }

    [Fact]
    public void All_vectors_equal_or_zero_still_make_a_whole_graph()
    {
        using var zeros = new NativeBlock<float>(1500 * 4);
        foreach (VectorMetric metric in Enum.GetValues<VectorMetric>())
            GraphInvariants.Check(HnswBuilder.Build(zeros, 1500, 4, new HnswOptions { M = 4, EfConstruction = 20, Metric = metric }));
    }

    [Fact]
    public void One_thread_builds_the_same_graph_for_the_same_seed_and_another_for_another()
    {
        using NativeBlock<float> vectors = TestVectors.Gaussian(1500, 16, 3);
        HnswGraph first = HnswBuilder.Build(vectors, 1500, 16, new HnswOptions { Seed = 11 });
        HnswGraph again = HnswBuilder.Build(vectors, 1500, 16, new HnswOptions { Seed = 11 });
        HnswGraph other = HnswBuilder.Build(vectors, 1500, 16, new HnswOptions { Seed = 12 });
        Assert.Equal(Rows(first), Rows(again));
        Assert.NotEqual(Rows(first), Rows(other));
    }

    [Fact]
    public void Levels_follow_the_ratio()
    {
        using var vectors = new NativeBlock<float>(20_000);
        HnswGraph graph = HnswBuilder.Build(vectors, 20_000, 1, new HnswOptions { M = 2, EfConstruction = 2, LevelRatio = 4 });
        int raised = 0, twice = 0;
        for (int i = 0; i < graph.Count; i++)
        {
            raised += graph.Levels[i] >= 1 ? 1 : 0;
            twice += graph.Levels[i] >= 2 ? 1 : 0;
        }

        // Five standard deviations of a binomial count.
        Assert.InRange(raised, 5000 - 310, 5000 + 310);
        Assert.InRange(twice, 1250 - 175, 1250 + 175);
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "Infinity")]
    public void A_vector_that_is_not_finite_is_named(float value, string text)
    {
        using NativeBlock<float> vectors = TestVectors.Gaussian(50, 5, 1);
        vectors[(37 * 5) + 3] = value;
        var error = Assert.Throws<ArgumentException>(() => HnswBuilder.Build(vectors, 50, 5, new HnswOptions()));
        Assert.Contains("Vector 37", error.Message, StringComparison.Ordinal);
        Assert.Contains("component 3", error.Message, StringComparison.Ordinal);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        using var vectors = new NativeBlock<float>(40);
        Assert.Throws<ArgumentException>(() => HnswBuilder.Build(vectors, 11, 4, new HnswOptions()));
        Assert.Throws<ArgumentOutOfRangeException>(() => HnswBuilder.Build(vectors, 10, 4, new HnswOptions { M = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => HnswBuilder.Build(vectors, 10, 4, new HnswOptions { BaseDegree = 8 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => HnswBuilder.Build(vectors, 10, 4, new HnswOptions { EfConstruction = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => HnswBuilder.Build(vectors, 10, 4, new HnswOptions { LevelRatio = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => HnswBuilder.Build(vectors, 10, 4, new HnswOptions(), threads: 0));
    }

    [Fact]
    public void A_cancelled_build_stops()
    {
        using NativeBlock<float> vectors = TestVectors.Gaussian(2000, 8, 1);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(
            () => HnswBuilder.Build(vectors, 2000, 8, new HnswOptions(), 2, null, cancelled.Token));
    }

    private static int[] Rows(HnswGraph graph) =>
    [
        .. graph.BaseSplits.Span(0, (int)graph.BaseSplits.Length),
        .. graph.BaseNeighbors.Span(0, (int)graph.BaseNeighbors.Length),
        .. graph.UpperSplits.Span(0, (int)graph.UpperSplits.Length),
        .. graph.UpperNeighbors.Span(0, (int)graph.UpperNeighbors.Length),
    ];
}
