using RecallCluster.Testing;

namespace RecallCluster.Numerics.Tests;

[Collection(SimdPaths.Name)]
public sealed unsafe class VectorKernelsTests
{
    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void Distances_agree_with_double_precision_at_every_length(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        var random = new SeededRandom(5);
        for (int dim = 0; dim <= 130; dim++)
        {
            const int Rows = 11;
            using var matrix = new NativeBlock<float>(Math.Max(1, Rows * dim));
            using var query = new NativeBlock<float>(Math.Max(1, dim));
            Fill(matrix, random);
            Fill(query, random);
            foreach (VectorMetric metric in Enum.GetValues<VectorMetric>())
            {
                for (int count = 0; count <= Rows; count++)
                    CheckMany(metric, matrix, query, dim, count);
            }
        }
    }

    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void Spans_give_the_product_and_the_squared_distance(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        float[] a = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
        float[] b = [.. a.Select(value => value + 2)];
        Assert.Equal(a.Zip(b, (x, y) => x * y).Sum(), VectorKernels.Dot(a, b));
        Assert.Equal(4 * a.Length, VectorKernels.SquaredL2(a, b));
        Assert.Equal(0, VectorKernels.Dot([], []));
        Assert.Throws<ArgumentException>(() => VectorKernels.Dot(a, new float[3]));
    }

    [Theory]
    [MemberData(nameof(SimdPaths.All), MemberType = typeof(SimdPaths))]
    public void Code_distances_are_exact_up_to_the_query_limit(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        var random = new SeededRandom(9);
        foreach (int stride in new[] { 32, 64, 96, 1024 })
        {
            const int Rows = 9;
            using var codes = new NativeBlock<sbyte>(Rows * stride);
            using var query = new NativeBlock<short>(stride);
            foreach (VectorMetric metric in Enum.GetValues<VectorMetric>())
            {
                int limit = CodeKernels.QueryLimit(metric, stride);
                for (long i = 0; i < codes.Length; i++)
                    codes[i] = (sbyte)(random.NextInt(256) - 128);
                for (int j = 0; j < stride; j++)
                    query[j] = (short)((random.NextInt(2) == 0 ? -1 : 1) * (limit - random.NextInt(2)));

                // One row at the very extreme: every term as large as it can be.
                for (int j = 0; j < stride; j++)
                    codes[j] = query[j] > 0 ? sbyte.MinValue : sbyte.MaxValue;
                CheckCodes(metric, codes, query, stride, Rows);
            }
        }
    }

    [Fact]
    public void Unknown_metrics_and_negative_lengths_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new VectorDistance((VectorMetric)7, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => new VectorDistance(VectorMetric.SquaredL2, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => CodeKernels.QueryLimit(VectorMetric.SquaredL2, 0));
    }

    private static void CheckMany(VectorMetric metric, NativeBlock<float> matrix, NativeBlock<float> query, int dim, int count)
    {
        var distance = new VectorDistance(metric, dim);
        int* ordinals = stackalloc int[count];
        float* results = stackalloc float[count + 1];
        results[count] = 1234;
        for (int i = 0; i < count; i++)
            ordinals[i] = (i * 7) % 11;
        distance.Many(query.Pointer, matrix.Pointer, ordinals, count, results);
        Assert.Equal(1234, results[count]);
        for (int i = 0; i < count; i++)
        {
            float* row = matrix.Pointer + (ordinals[i] * dim);
            double wanted = 0, magnitude = 0;
            for (int j = 0; j < dim; j++)
            {
                double difference = (double)query[j] - row[j], product = (double)query[j] * row[j];
                wanted += metric == VectorMetric.SquaredL2 ? difference * difference : -product;
                magnitude += metric == VectorMetric.SquaredL2 ? difference * difference : Math.Abs(product);
            }
            Assert.Equal(wanted, results[i], 1e-5 * (1 + magnitude));
            Assert.Equal(wanted, distance.One(query.Pointer, row), 1e-5 * (1 + magnitude));
        }
    }

    private static void CheckCodes(VectorMetric metric, NativeBlock<sbyte> codes, NativeBlock<short> query, int stride, int rows)
    {
        int* ordinals = stackalloc int[rows];
        float* results = stackalloc float[rows];
        for (int i = 0; i < rows; i++)
            ordinals[i] = rows - 1 - i;
        CodeKernels.Many(metric, query.Pointer, codes.Pointer, stride, ordinals, rows, results);
        for (int i = 0; i < rows; i++)
        {
            long sum = 0;
            for (int j = 0; j < stride; j++)
            {
                long code = codes[(ordinals[i] * stride) + j], difference = query[j] - code;
                sum += metric == VectorMetric.SquaredL2 ? difference * difference : -query[j] * code;
            }
            Assert.InRange(sum, int.MinValue, int.MaxValue);
            Assert.Equal((float)sum, results[i]);
        }
    }

    private static void Fill(NativeBlock<float> block, SeededRandom random)
    {
        for (long i = 0; i < block.Length; i++)
            block[i] = (float)random.NextGaussian();
    }
}
