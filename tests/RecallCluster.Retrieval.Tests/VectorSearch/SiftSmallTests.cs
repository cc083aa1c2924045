using System.Runtime.InteropServices;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.VectorSearch;
using RecallCluster.Testing;

namespace RecallCluster.Retrieval.Tests.VectorSearch;

public sealed class SiftSmallTests
{
    private const int Dim = 128;
    private const int TruthLength = 100;

    [SharedDataFact("siftsmall")]
    public void The_published_neighbours_are_found()
    {
        string folder = SharedData.Folder("siftsmall");
        byte[] rows = File.ReadAllBytes(Path.Combine(folder, "siftsmall_base.u8"));
        using var vectors = new NativeBlock<float>(rows.Length);
        for (int i = 0; i < rows.Length; i++)
            vectors[i] = rows[i];
        ReadOnlySpan<int> queries = MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(Path.Combine(folder, "siftsmall_query.fvecs")));
        ReadOnlySpan<int> truth = MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(Path.Combine(folder, "siftsmall_groundtruth.ivecs")));
        int count = rows.Length / Dim, queryCount = queries.Length / (Dim + 1);
        HnswGraph graph = HnswBuilder.Build(vectors, count, Dim, new HnswOptions());
        using var codes = new QuantizedVectors(vectors, count, Dim, VectorMetric.SquaredL2);
        var exact = new VectorSearcher(graph, vectors, Dim, VectorMetric.SquaredL2);
        var quantized = new QuantizedVectorSearcher(graph, vectors, codes, VectorMetric.SquaredL2);
        var found = new int[10];
        int hits = 0, quantizedHits = 0;
        for (int query = 0; query < queryCount; query++)
        {
            ReadOnlySpan<float> vector = MemoryMarshal.Cast<int, float>(queries.Slice((query * (Dim + 1)) + 1, Dim));
            int[] nearest = truth.Slice((query * (TruthLength + 1)) + 1, 10).ToArray();
            exact.Search(vector, 80, found, []);
            hits += nearest.Intersect(found).Count();
            quantized.Search(vector, 80, found, []);
            quantizedHits += nearest.Intersect(found).Count();
        }
        Assert.InRange(hits / (10.0 * queryCount), 0.99, 1);
        Assert.InRange(quantizedHits / (10.0 * queryCount), 0.99, 1);
    }
}
