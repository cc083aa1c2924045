using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Tests.Building;

/// <summary>Seeded matrices for graph tests.</summary>
internal static unsafe class TestVectors
{
    /// <summary>Independent standard normal components.</summary>
    public static NativeBlock<float> Gaussian(int count, int dim, ulong seed)
    {
        var random = new SeededRandom(seed);
        var vectors = new NativeBlock<float>((long)count * dim);
        for (long i = 0; i < vectors.Length; i++)
            vectors[i] = (float)random.NextGaussian();
        return vectors;
    }

    /// <summary>Normal noise around normal centres, one row after the other from the same centre.</summary>
    public static NativeBlock<float> Clustered(int count, int dim, int clusters, ulong seed)
    {
        var random = new SeededRandom(seed);
        using NativeBlock<float> centres = Gaussian(clusters, dim, seed + 1);
        var vectors = new NativeBlock<float>((long)count * dim);
        for (long row = 0; row < count; row++)
        {
            long centre = row * clusters / count;
            for (int j = 0; j < dim; j++)
                vectors[(row * dim) + j] = centres[(centre * dim) + j] + (0.2f * (float)random.NextGaussian());
        }
        return vectors;
    }

    /// <summary>The k nearest rows of a query by measuring all of them in double precision, nearest first.</summary>
    public static int[] Nearest(NativeBlock<float> vectors, int count, int dim, ReadOnlySpan<float> query, int k, VectorMetric metric)
    {
        var distances = new double[count];
        var order = new int[count];
        for (int row = 0; row < count; row++)
        {
            double sum = 0;
            for (int j = 0; j < dim; j++)
            {
                double value = vectors[((long)row * dim) + j];
                sum += metric == VectorMetric.SquaredL2 ? (value - query[j]) * (value - query[j]) : -value * query[j];
            }
            distances[row] = sum;
            order[row] = row;
        }
        Array.Sort(distances, order);
        return order[..Math.Min(k, count)];
    }
}
