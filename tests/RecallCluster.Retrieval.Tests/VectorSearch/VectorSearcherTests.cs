using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.Tests.Building;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Tests.VectorSearch;

public sealed class VectorSearcherTests
{
    private const int K = 10;

    [Theory]
    [InlineData(1, 5, VectorMetric.SquaredL2)]
    [InlineData(7, 3, VectorMetric.InnerProduct)]
    [InlineData(900, 17, VectorMetric.SquaredL2)]
    [InlineData(900, 64, VectorMetric.InnerProduct)]
    [InlineData(1100, 100, VectorMetric.SquaredL2)]
    public void A_search_as_wide_as_the_graph_is_exhaustive(int count, int dim, VectorMetric metric)
    {
        using NativeBlock<float> vectors = TestVectors.Gaussian(count, dim, 2);
        using NativeBlock<float> queries = TestVectors.Gaussian(20, dim, 3);
        HnswGraph graph = HnswBuilder.Build(vectors, count, dim, new HnswOptions { M = 4, EfConstruction = 20, Metric = metric });
        var searcher = new VectorSearcher(graph, vectors, dim, metric);
        var found = new int[25];
        var distances = new float[25];
        for (int query = 0; query < 20; query++)
        {
            ReadOnlySpan<float> vector = queries.Span((long)query * dim, dim);
            int number = searcher.Search(vector, count, found, distances);
            Assert.Equal(Math.Min(25, count), number);
            Assert.Equal(TestVectors.Nearest(vectors, count, dim, vector, 25, metric), found[..number]);
            Assert.True(distances[..number].SequenceEqual(distances[..number].Order()));
        }
    }

    [Fact]
    public void Duplicates_are_all_found()
    {
        using NativeBlock<float> vectors = TestVectors.Gaussian(1200, 8, 4);
        for (int row = 0; row < 800; row++)
            vectors.Span(0, 8).CopyTo(vectors.Span(row * 8L, 8));
        HnswGraph graph = HnswBuilder.Build(vectors, 1200, 8, new HnswOptions { M = 4, EfConstruction = 20 });
        var found = new int[800];
        var searcher = new VectorSearcher(graph, vectors, 8, VectorMetric.SquaredL2);
        Assert.Equal(800, searcher.Search(vectors.Span(0, 8), 1200, found, []));
        Assert.Equal(Enumerable.Range(0, 800), found.Order());
    }

    [Fact]
    public void An_empty_graph_and_a_wish_for_nothing_give_nothing()
    {
        using var nothing = new NativeBlock<float>(0);
        var empty = new VectorSearcher(HnswBuilder.Build(nothing, 0, 4, new HnswOptions()), nothing, 4, VectorMetric.SquaredL2);
        Assert.Equal(0, empty.Search(new float[4], 10, new int[3], new float[3]));
        Assert.Equal(0, empty.Search(new float[4], 10, _ => true, new int[3], []));
        using NativeBlock<float> vectors = TestVectors.Gaussian(30, 4, 1);
        var searcher = new VectorSearcher(HnswBuilder.Build(vectors, 30, 4, new HnswOptions()), vectors, 4, VectorMetric.SquaredL2);
        Assert.Equal(0, searcher.Search(new float[4], 10, [], []));
        Assert.Equal(30, searcher.Search(new float[4], 0, new int[50], []));
    }

    [Fact]
    public void A_parallel_build_is_searched_as_well_as_a_serial_one()
    {
        const int Count = 6000, Dim = 32;
        using NativeBlock<float> vectors = TestVectors.Gaussian(Count, Dim, 6);
        double serial = Recall(vectors, Count, Dim, threads: 1, ef: 60), parallel = Recall(vectors, Count, Dim, threads: 4, ef: 60);

        // 2,000 neighbours are looked up: two hundredths are more than three standard deviations of either figure.
        Assert.InRange(serial, 0.85, 1);
        Assert.InRange(parallel, serial - 0.03, serial + 0.03);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.5)]
    [InlineData(0.95)]
    public void Filters_still_fill_the_result(double share)
    {
        const int Count = 4000, Dim = 12;
        using NativeBlock<float> vectors = TestVectors.Gaussian(Count, Dim, 8);
        HnswGraph graph = HnswBuilder.Build(vectors, Count, Dim, new HnswOptions());
        var searcher = new VectorSearcher(graph, vectors, Dim, VectorMetric.SquaredL2);
        var random = new SeededRandom(1);
        var bitmap = new ulong[(Count + 63) / 64];
        for (int node = 0; node < Count; node++)
            bitmap[node / 64] |= (random.NextDouble() < share ? 1UL : 0UL) << (node % 64);
        int hits = 0;
        var byBitmap = new int[K];
        var byDelegate = new int[K];
        for (int query = 0; query < 50; query++)
        {
            ReadOnlySpan<float> vector = vectors.Span(query * (long)Dim, Dim);
            Assert.Equal(K, searcher.Search(vector, 100, bitmap, byBitmap, []));
            Assert.Equal(K, searcher.Search(vector, 100, IsEligible, byDelegate, []));
            Assert.All(byBitmap.Concat(byDelegate), node => Assert.True(IsEligible(node)));
            Assert.Equal(K, byDelegate.Distinct().Count());
            int[] truth = [.. TestVectors.Nearest(vectors, Count, Dim, vector, Count, VectorMetric.SquaredL2).Where(IsEligible).Take(K)];
            hits += truth.Intersect(byBitmap).Count() + truth.Intersect(byDelegate).Count();
        }
        Assert.InRange(hits / (2.0 * 50 * K), 0.97, 1);

        bool IsEligible(int node) => (bitmap[node / 64] >> (node % 64) & 1) != 0;
    }

    [Fact]
    public void Fewer_eligible_nodes_than_wanted_are_all_returned()
    {
        using NativeBlock<float> vectors = TestVectors.Gaussian(500, 6, 8);
        HnswGraph graph = HnswBuilder.Build(vectors, 500, 6, new HnswOptions());
        var searcher = new VectorSearcher(graph, vectors, 6, VectorMetric.SquaredL2);
        var found = new int[K];
        Assert.Equal(3, searcher.Search(new float[6], 20, node => node is 7 or 77 or 444, found, []));
        Assert.Equal([7, 77, 444], found[..3].Order());
        Assert.Equal(0, searcher.Search(new float[6], 20, new ulong[8], found, []));
    }

    [Fact]
    public void Searches_allocate_nothing_once_warm()
    {
        const int Count = 3000, Dim = 48;
        using NativeBlock<float> vectors = TestVectors.Gaussian(Count, Dim, 8);
        HnswGraph graph = HnswBuilder.Build(vectors, Count, Dim, new HnswOptions());
        using var codes = new QuantizedVectors(vectors, Count, Dim, VectorMetric.SquaredL2);
        var searcher = new VectorSearcher(graph, vectors, Dim, VectorMetric.SquaredL2);
        var quantized = new QuantizedVectorSearcher(graph, vectors, codes, VectorMetric.SquaredL2);
        var found = new int[K];
        var distances = new float[K];
        var eligible = new ulong[(Count + 63) / 64];
        eligible.AsSpan().Fill(0x5555555555555555);
        Func<int, bool> odd = node => (node & 1) != 0;
        SearchAll();
        long before = GC.GetAllocatedBytesForCurrentThread();
        SearchAll();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void SearchAll()
        {
            for (int query = 0; query < 100; query++)
            {
                ReadOnlySpan<float> vector = vectors.Span(query * (long)Dim, Dim);
                searcher.Search(vector, 50, found, distances);
                searcher.Search(vector, 50, eligible, found, distances);
                searcher.Search(vector, 50, odd, found, distances);
                quantized.Search(vector, 50, found, distances);
            }
        }
    }

    [Fact]
    public void Concurrent_searches_find_what_one_thread_finds()
    {
        const int Count = 3000, Dim = 16;
        using NativeBlock<float> vectors = TestVectors.Gaussian(Count, Dim, 8);
        HnswGraph graph = HnswBuilder.Build(vectors, Count, Dim, new HnswOptions());
        var searcher = new VectorSearcher(graph, vectors, Dim, VectorMetric.SquaredL2);
        int[][] alone = [.. Enumerable.Range(0, 400).Select(Find)];
        var together = new int[400][];
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, query => together[query] = Find(query));
        Assert.Equal(alone, together);

        int[] Find(int query)
        {
            var found = new int[K];
            searcher.Search(vectors.Span(query * (long)Dim, Dim), 40, found, []);
            return found;
        }
    }

    [Fact]
    public void Misuse_is_refused()
    {
        using NativeBlock<float> vectors = TestVectors.Gaussian(100, 4, 1);
        HnswGraph graph = HnswBuilder.Build(vectors, 100, 4, new HnswOptions());
        var searcher = new VectorSearcher(graph, vectors, 4, VectorMetric.SquaredL2);
        Assert.Throws<ArgumentException>(() => new VectorSearcher(graph, vectors, 5, VectorMetric.SquaredL2));
        Assert.Throws<ArgumentException>(() => searcher.Search(new float[3], 10, new int[1], []));
        Assert.Throws<ArgumentException>(() => searcher.Search([0, 0, 0, float.NaN], 10, new int[1], []));
        Assert.Throws<ArgumentException>(() => searcher.Search(new float[4], 10, new int[3], new float[2]));
        Assert.Throws<ArgumentException>(() => searcher.Search(new float[4], 10, new ulong[1], new int[3], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => searcher.Search(new float[4], -1, new int[1], []));
    }

    private static double Recall(NativeBlock<float> vectors, int count, int dim, int threads, int ef)
    {
        HnswGraph graph = HnswBuilder.Build(vectors, count, dim, new HnswOptions { EfConstruction = 100 }, threads);
        var searcher = new VectorSearcher(graph, vectors, dim, VectorMetric.SquaredL2);
        using NativeBlock<float> queries = TestVectors.Gaussian(200, dim, 77);
        var found = new int[K];
        int hits = 0;
        for (int query = 0; query < 200; query++)
        {
            ReadOnlySpan<float> vector = queries.Span(query * (long)dim, dim);
            searcher.Search(vector, ef, found, []);
            hits += TestVectors.Nearest(vectors, count, dim, vector, K, VectorMetric.SquaredL2).Intersect(found).Count();
        }
        return hits / (200.0 * K);
    }
}
