using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace RecallCluster.Numerics;

/// <summary>
/// Dot products and squared Euclidean distances of float vectors on the instruction set of <see cref="Simd.Path"/>. The paths agree to
/// rounding: they add up in different orders.
/// </summary>
public static unsafe class VectorKernels
{
    /// <summary>The inner product, sum of a * b.</summary>
    /// <param name="a">First vector.</param>
    /// <param name="b">Second vector, as long as <paramref name="a"/>.</param>
    /// <exception cref="ArgumentException">The vectors differ in length.</exception>
    public static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => -Measure(VectorMetric.InnerProduct, a, b);

    /// <summary>The squared Euclidean distance, sum of (a - b)^2.</summary>
    /// <param name="a">First vector.</param>
    /// <param name="b">Second vector, as long as <paramref name="a"/>.</param>
    /// <exception cref="ArgumentException">The vectors differ in length.</exception>
    public static float SquaredL2(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => Measure(VectorMetric.SquaredL2, a, b);

    /// <summary>Asks the processor to bring <paramref name="bytes"/> bytes from <paramref name="start"/> into its nearest cache.</summary>
    /// <param name="start">First byte; may be any address, a prefetch never faults.</param>
    /// <param name="bytes">Length in bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(void* start, int bytes)
    {
        if (!Sse.IsSupported)
            return;
        for (int i = 0; i < bytes; i += 64)
            Sse.Prefetch0((byte*)start + i);
    }

    private static float Measure(VectorMetric metric, ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        if (a.Length != b.Length)
            throw new ArgumentException($"The vectors have {a.Length} and {b.Length} components.", nameof(b));
        fixed (float* first = a, second = b)
            return new VectorDistance(metric, a.Length).One(first, second);
    }
}
