using RecallCluster.Testing;

namespace RecallCluster.Numerics.Tests;

[Collection(SimdPaths.Name)]
public sealed class GemmTests
{
    public static TheoryData<SimdPath> Paths => SimdPaths.All;

    // Around the tile and panel borders of every path, a column, a row, a dot product, and more than one block each way.
    private static readonly (int M, int N, int K)[] Shapes =
    [
        (1, 1, 1), (1, 1, 300), (1, 40, 7), (40, 1, 7), (2, 3, 4), (5, 8, 1), (6, 16, 64), (7, 17, 5), (11, 31, 9), (12, 32, 64),
        (13, 33, 65),
        (24, 64, 128), (25, 129, 64), (60, 530, 9), (61, 700, 3), (3, 5, 513), (100, 100, 300),
    ];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Equals_the_naive_product_for_every_shape_and_transposition(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        var random = new SeededRandom(1);
        foreach ((int m, int n, int k) in Shapes)
            CheckAllForms(random, m, n, k, null);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Equals_the_naive_product_for_random_shapes(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        var random = new SeededRandom(2);
        for (int i = 0; i < 60; i++)
            CheckAllForms(random, 1 + random.NextInt(70), 1 + random.NextInt(70), random.NextInt(70), null);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Equals_the_naive_product_when_threads_share_it(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        using var team = new WorkerTeam(3);
        var random = new SeededRandom(3);
        foreach ((int m, int n, int k) in new[] { (200, 70, 90), (70, 201, 90), (1, 3000, 200), (3000, 1, 200), (12, 12, 8000) })
            CheckAllForms(random, m, n, k, team);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void A_batch_equals_its_products_one_by_one(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        using var team = new WorkerTeam(2);
        var random = new SeededRandom(4);
        const int Count = 9, M = 50, K = 41;
        foreach ((WorkerTeam? threads, int n) in new[] { (null, 37), (team, 37), (null, 1), (team, 1) })
        {
            int strideC = (M * n) + 3;
            foreach (int strideB in new[] { 0, K * n, (K * n) + 5 })
            {
                float[] a = Random(random, Count * M * K), b = Random(random, (Count * strideB) + (K * n));
                float[] c = Random(random, Count * strideC);
                float[] before = [.. c];
                Gemm.MultiplyBatch(Count, a, M * K, false, b, strideB, true, c, strideC, M, n, K, true, threads);
                for (int i = 0; i < Count; i++)
                {
                    AssertProduct(
                        a[(i * M * K)..], false, b[(i * strideB)..], true, before[(i * strideC)..], c[(i * strideC)..], M, n, K, true);
                    int end = (i * strideC) + (M * n);
                    Assert.Equal(before[end..((i + 1) * strideC)], c[end..((i + 1) * strideC)]);
                }
            }
        }
    }

    [Fact]
    public void Writes_nothing_behind_the_result()
    {
        float[] c = new float[(7 * 9) + 40];
        Array.Fill(c, 5);
        Gemm.Multiply(new float[7 * 3], false, new float[3 * 9], false, c.AsSpan(0, 7 * 9), 7, 9, 3, false);
        Assert.All(c[..(7 * 9)], value => Assert.Equal(0, value));
        Assert.All(c[(7 * 9)..], value => Assert.Equal(5, value));
    }

    [Fact]
    public void An_empty_sum_clears_or_keeps()
    {
        float[] c = [1, 2, 3, 4];
        Gemm.Multiply([], false, [], false, c, 2, 2, 0, accumulate: true);
        Assert.Equal([1, 2, 3, 4], c);
        Gemm.Multiply([], false, [], false, c, 2, 2, 0, accumulate: false);
        Assert.Equal([0, 0, 0, 0], c);
        Gemm.Multiply(new float[6], false, [], false, [], 2, 0, 3, accumulate: false);
    }

    [Fact]
    public void Refuses_spans_that_are_too_short()
    {
        float[] four = new float[4], six = new float[6];
        Assert.Contains("A holds 4", Assert.Throws<ArgumentException>(
            () => Gemm.Multiply(four, false, six, false, new float[4], 2, 2, 3, false)).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Throws<ArgumentException>(() => Gemm.Multiply(six, false, four, false, new float[4], 2, 2, 3, false));
        Assert.Throws<ArgumentException>(() => Gemm.Multiply(six, false, six, false, new float[3], 2, 2, 3, false));
        Assert.Throws<ArgumentOutOfRangeException>(() => Gemm.Multiply(six, false, six, false, four, -1, 2, 3, false));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => Gemm.MultiplyBatch(2, six, 0, false, six, 0, false, new float[8], 3, 2, 2, 3, false));
        Assert.Throws<ArgumentException>(() => Gemm.MultiplyBatch(2, six, 6, false, six, 0, false, new float[8], 4, 2, 2, 3, false));
    }

    [Fact]
    public void Allocates_nothing_once_warm()
    {
        float[] a = new float[50 * 70], b = new float[70 * 90], c = new float[50 * 90];
        using var team = new WorkerTeam(2);
        Gemm.Multiply(a, false, b, true, c, 50, 90, 70, false, team);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            Gemm.Multiply(a, false, b, true, c, 50, 90, 70, false, i % 2 == 0 ? team : null);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void CheckAllForms(SeededRandom random, int m, int n, int k, WorkerTeam? team)
    {
        float[] a = Random(random, m * k), b = Random(random, k * n), before = Random(random, m * n);
        for (int form = 0; form < 8; form++)
        {
            bool transposeA = (form & 1) != 0, transposeB = (form & 2) != 0, accumulate = (form & 4) != 0;
            float[] c = [.. before];
            Gemm.Multiply(a, transposeA, b, transposeB, c, m, n, k, accumulate, team);
            AssertProduct(a, transposeA, b, transposeB, before, c, m, n, k, accumulate);
        }
    }

    private static void AssertProduct(
        float[] a, bool transposeA, float[] b, bool transposeB, float[] before, float[] after, int m, int n, int k, bool accumulate)
    {
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double sum = accumulate ? before[(i * n) + j] : 0, size = Math.Abs(sum);
                for (int p = 0; p < k; p++)
                {
                    double term = (double)(transposeA ? a[(p * m) + i] : a[(i * k) + p]) * (transposeB ? b[(j * k) + p] : b[(p * n) + j]);
                    sum += term;
                    size += Math.Abs(term);
                }

                // The error of a float sum is bounded by its length times the unit roundoff times the sum of the magnitudes.
                double bound = (k + 2) * Math.ScaleB(1, -24) * size;
                Assert.True(
                    Math.Abs(after[(i * n) + j] - sum) <= bound,
                    $"{m} x {n} x {k}, transposed {transposeA} {transposeB}: ({i}, {j}) is {after[(i * n) + j]}, not {sum}");
            }
        }
    }

    private static float[] Random(SeededRandom random, int length)
    {
        float[] values = new float[length];
        for (int i = 0; i < length; i++)
            values[i] = (2 * random.NextSingle()) - 1;
        return values;
    }
}
