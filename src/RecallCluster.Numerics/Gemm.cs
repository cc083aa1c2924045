namespace RecallCluster.Numerics;

/// <summary>
/// Products of dense row-major float matrices, on the <see cref="Simd.Path"/> in force, shared among the threads of a
/// <see cref="WorkerTeam"/> where one is given. The paths agree to rounding: sums run in the same order, but may or may not be fused.
/// </summary>
/// <remarks>
/// Tiles in registers over panels packed for the cache, after Goto &amp; van de Geijn, "Anatomy of high-performance matrix
/// multiplication", ACM TOMS 34(3), 2008.
/// </remarks>
public static unsafe class Gemm
{
    // Below this many multiply-adds (some ten microseconds) a second thread costs more than it brings.
    private const long WorthSharing = 1 << 19;

    /// <summary>C = op(A) op(B), or C += op(A) op(B).</summary>
    /// <param name="a">A: m x k, or k x m when <paramref name="transposeA"/>.</param>
    /// <param name="transposeA">Whether op(A) is the transpose of A.</param>
    /// <param name="b">B: k x n, or n x k when <paramref name="transposeB"/>.</param>
    /// <param name="transposeB">Whether op(B) is the transpose of B.</param>
    /// <param name="c">C: m x n; must not overlap A or B.</param>
    /// <param name="m">Rows of op(A) and of C.</param>
    /// <param name="n">Columns of op(B) and of C.</param>
    /// <param name="k">Columns of op(A), rows of op(B).</param>
    /// <param name="accumulate">Whether to add to what C holds.</param>
    /// <param name="team">Threads to share the work; none: the calling thread does it.</param>
    /// <exception cref="ArgumentException">A span is shorter than its matrix.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative.</exception>
    public static void Multiply(
        ReadOnlySpan<float> a,
        bool transposeA,
        ReadOnlySpan<float> b,
        bool transposeB,
        Span<float> c,
        int m,
        int n,
        int k,
        bool accumulate,
        WorkerTeam? team = null)
    {
        CheckShape(m, n, k);
        CheckLength(a.Length, 1, 0, (long)m * k, nameof(a));
        CheckLength(b.Length, 1, 0, (long)k * n, nameof(b));
        CheckLength(c.Length, 1, 0, (long)m * n, nameof(c));
        if (m == 0 || n == 0)
            return;
        fixed (float* pa = a, pb = b, pc = c)
        {
            var product = GemmProduct.Of(pa, transposeA, pb, transposeB, pc, m, n, k, accumulate);
            if (team is null || team.Size == 1 || (long)m * n * k < WorthSharing)
                product.Run();
            else
                GemmProductJob.Run(product, team);
        }
    }

    /// <summary>
    /// Many products of one shape: C_i = op(A_i) op(B_i), or C_i += op(A_i) op(B_i), matrix i of each operand starting at i times its
    /// stride.
    /// </summary>
    /// <param name="count">Number of products.</param>
    /// <param name="a">The A_i, each m x k, or k x m when <paramref name="transposeA"/>.</param>
    /// <param name="strideA">Floats from A_i to A_(i+1); 0 uses one A for all.</param>
    /// <param name="transposeA">Whether op(A) is the transpose of A.</param>
    /// <param name="b">The B_i, each k x n, or n x k when <paramref name="transposeB"/>.</param>
    /// <param name="strideB">Floats from B_i to B_(i+1); 0 uses one B for all.</param>
    /// <param name="transposeB">Whether op(B) is the transpose of B.</param>
    /// <param name="c">The C_i, each m x n; must not overlap the operands.</param>
    /// <param name="strideC">Floats from C_i to C_(i+1); at least m * n.</param>
    /// <param name="m">Rows of op(A) and of C.</param>
    /// <param name="n">Columns of op(B) and of C.</param>
    /// <param name="k">Columns of op(A), rows of op(B).</param>
    /// <param name="accumulate">Whether to add to what C holds.</param>
    /// <param name="team">Threads to share the products; none: the calling thread does them.</param>
    /// <exception cref="ArgumentException">A span is shorter than its matrices.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A size or stride is negative, or <paramref name="strideC"/> makes results overlap.
    /// </exception>
    public static void MultiplyBatch(
        int count,
        ReadOnlySpan<float> a,
        int strideA,
        bool transposeA,
        ReadOnlySpan<float> b,
        int strideB,
        bool transposeB,
        Span<float> c,
        int strideC,
        int m,
        int n,
        int k,
        bool accumulate,
        WorkerTeam? team = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        CheckShape(m, n, k);
        ArgumentOutOfRangeException.ThrowIfNegative(strideA);
        ArgumentOutOfRangeException.ThrowIfNegative(strideB);
        if (strideC < (long)m * n)
            throw new ArgumentOutOfRangeException(nameof(strideC), strideC, $"Results of {m} x {n} floats overlap at this stride.");
        CheckLength(a.Length, count, strideA, (long)m * k, nameof(a));
        CheckLength(b.Length, count, strideB, (long)k * n, nameof(b));
        CheckLength(c.Length, count, strideC, (long)m * n, nameof(c));
        if (m == 0 || n == 0 || count == 0)
            return;
        fixed (float* pa = a, pb = b, pc = c)
        {
            var product = GemmProduct.Of(pa, transposeA, pb, transposeB, pc, m, n, k, accumulate);
            var job = new GemmBatchJob(product, strideA, strideB, strideC, count, team is null ? 1 : Math.Min(count, team.Size * 4));
            if (team is null || team.Size == 1 || (long)m * n * k * count < WorthSharing)
                job.RunProducts(0, count);
            else
                team.Run(job.Parts, job);
        }
    }

    private static void CheckShape(int m, int n, int k)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        ArgumentOutOfRangeException.ThrowIfNegative(k);
    }

    private static void CheckLength(int length, int count, int stride, long matrix, string operand)
    {
        long wanted = count == 0 ? 0 : ((count - 1) * (long)stride) + matrix;
        if (length < wanted)
            throw new ArgumentException($"Operand {operand} holds {length} floats; its matrices take {wanted}.", operand);
    }
}
