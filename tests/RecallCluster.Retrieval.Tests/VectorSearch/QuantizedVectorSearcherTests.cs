using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.Tests.Building;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Tests.VectorSearch;

public sealed class QuantizedVectorSearcherTests
{
    [Theory]
    [InlineData(17, VectorMetric.SquaredL2)]
    [InlineData(64, VectorMetric.SquaredL2)]
    [InlineData(64, VectorMetric.InnerProduct)]
    public void Codes_lose_little_and_distances_are_exact(int dim, VectorMetric metric)
    {
        const int Count = 3000, K = 10;
        using NativeBlock<float> vectors = TestVectors.Gaussian(Count, dim, 2);

        // Components with different means and scales, as learned vectors have.
        for (long i = 0; i < vectors.Length; i++)
            vectors[i] = (vectors[i] * (1 + (i % dim % 3))) + (i % dim);
        using NativeBlock<float> queries = TestVectors.Gaussian(50, dim, 3);
        HnswGraph graph = HnswBuilder.Build(vectors, Count, dim, new HnswOptions { Metric = metric });
        using var codes = new QuantizedVectors(vectors, Count, dim, metric);
        var searcher = new QuantizedVectorSearcher(graph, vectors, codes, metric);
        var found = new int[K];
        var distances = new float[K];
        int hits = 0;
        for (int query = 0; query < 50; query++)
        {
            Span<float> vector = queries.Span((long)query * dim, dim);
            for (int j = 0; j < dim; j++)
                vector[j] += metric == VectorMetric.SquaredL2 ? j : 0;
            Assert.Equal(K, searcher.Search(vector, Count, found, distances));
            for (int i = 0; i < K; i++)
            {
                ReadOnlySpan<float> row = vectors.Span((long)found[i] * dim, dim);
                double exact = metric == VectorMetric.SquaredL2 ? VectorKernels.SquaredL2(vector, row) : -VectorKernels.Dot(vector, row);
                Assert.Equal(exact, distances[i], 1e-4 * (1 + Math.Abs(exact)));
            }
            Assert.True(distances.SequenceEqual(distances.Order()));
            hits += TestVectors.Nearest(vectors, Count, dim, vector, K, metric).Intersect(found).Count();
        }
        Assert.InRange(hits / (50.0 * K), 0.99, 1);
    }

    [Fact]
    public void Extremes_are_encoded_without_overflow()
    {
        const int Count = 400, Dim = 40;
        using NativeBlock<float> vectors = TestVectors.Gaussian(Count, Dim, 2);
        vectors[0] = 1e6f;
        vectors[(5 * Dim) + 1] = -1e6f;
        HnswGraph graph = HnswBuilder.Build(vectors, Count, Dim, new HnswOptions());
        using var codes = new QuantizedVectors(vectors, Count, Dim, VectorMetric.SquaredL2);
        var searcher = new QuantizedVectorSearcher(graph, vectors, codes, VectorMetric.SquaredL2);
        var far = new float[Dim];
        far[0] = 1e9f;
        var found = new int[1];
        searcher.Search(far, Count, found, []);
        Assert.Equal(0, found[0]);

        using var equal = new NativeBlock<float>(Count * Dim);
        using var zeros = new QuantizedVectors(equal, Count, Dim, VectorMetric.SquaredL2);
        Assert.True(zeros.Step > 0);
        Assert.Equal(1, new QuantizedVectorSearcher(graph, equal, zeros, VectorMetric.SquaredL2).Search(new float[Dim], 10, found, []));
    }

    [Fact]
    public void Misuse_is_refused()
    {
        using NativeBlock<float> vectors = TestVectors.Gaussian(100, 4, 1);
        HnswGraph graph = HnswBuilder.Build(vectors, 100, 4, new HnswOptions());
        using var codes = new QuantizedVectors(vectors, 99, 4, VectorMetric.SquaredL2);
        Assert.Throws<ArgumentException>(() => new QuantizedVectorSearcher(graph, vectors, codes, VectorMetric.SquaredL2));
        Assert.Throws<ArgumentException>(() => new QuantizedVectors(vectors, 101, 4, VectorMetric.SquaredL2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new QuantizedVectors(vectors, 0, 40_000, VectorMetric.SquaredL2));
    }
}
