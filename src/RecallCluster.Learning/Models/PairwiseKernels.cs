using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Models;

/// <summary>
/// The passes over one row of activations between the matrix products of a <see cref="PairwiseWorker"/>: each reads and writes a value
/// once. Rows of a length that is no multiple of 16 end with a partly filled vector.
/// </summary>
internal static class PairwiseKernels
{
    private const int Lanes = VectorLoop.Lanes;

    /// <summary>attention *= scale; before = attention + user + item; after = PReLU(before).</summary>
    public static void FirstLayer(
        Span<float> attention, float scale, ReadOnlySpan<float> user, ReadOnlySpan<float> item, ReadOnlySpan<float> slope,
        Span<float> before, Span<float> after)
    {
        for (int c = 0; c < attention.Length; c += Lanes)
        {
            Vector512<float> a = Load(attention, c) * scale;
            Vector512<float> x = a + Load(user, c) + Load(item, c);
            Store(a, attention, c);
            Store(x, before, c);
            Store(default(PReluKernel).Apply(x, Load(slope, c)), after, c);
        }
    }

    /// <summary>before += bias; after = PReLU(before).</summary>
    public static void SecondLayer(Span<float> before, ReadOnlySpan<float> bias, ReadOnlySpan<float> slope, Span<float> after)
    {
        for (int c = 0; c < before.Length; c += Lanes)
        {
            Vector512<float> x = Load(before, c) + Load(bias, c);
            Store(x, before, c);
            Store(default(PReluKernel).Apply(x, Load(slope, c)), after, c);
        }
    }

    /// <summary>
    /// The gradient of a score passed back through the output row and the second activation: row goes from the pre-activation to its
    /// gradient; outputGradient, biasGradient and slopeGradient are added to.
    /// </summary>
    public static void SecondLayerGradient(
        Span<float> row, ReadOnlySpan<float> after, float score, ReadOnlySpan<float> output, ReadOnlySpan<float> slope,
        Span<float> outputGradient, Span<float> biasGradient, Span<float> slopeGradient)
    {
        for (int c = 0; c < row.Length; c += Lanes)
        {
            Vector512<float> x = Load(row, c), g = Load(output, c) * score;
            Vector512<float> gx = g * default(PReluDerivativeKernel).Apply(x, Load(slope, c));
            Store(gx, row, c);
            Store(Load(outputGradient, c) + (Load(after, c) * score), outputGradient, c);
            Store(Load(biasGradient, c) + gx, biasGradient, c);
            Store(Load(slopeGradient, c) + (g * Vector512.Min(x, Vector512<float>.Zero)), slopeGradient, c);
        }
    }

    /// <summary>
    /// The gradient passed back through the first activation: row goes from the gradient of the activation to that of the unscaled
    /// attention; the gradients of user, item and slope are added to.
    /// </summary>
    /// <returns>Sum of gradient * attention over the row.</returns>
    public static float FirstLayerGradient(
        Span<float> row, ReadOnlySpan<float> before, ReadOnlySpan<float> attention, float scale, ReadOnlySpan<float> slope,
        Span<float> userGradient, Span<float> itemGradient, Span<float> slopeGradient)
    {
        Vector512<float> sum = Vector512<float>.Zero;
        for (int c = 0; c < row.Length; c += Lanes)
        {
            Vector512<float> x = Load(before, c), g = Load(row, c);
            Vector512<float> gx = g * default(PReluDerivativeKernel).Apply(x, Load(slope, c));
            sum += gx * Load(attention, c);
            Store(gx * scale, row, c);
            Store(Load(userGradient, c) + gx, userGradient, c);
            Store(Load(itemGradient, c) + gx, itemGradient, c);
            Store(Load(slopeGradient, c) + (g * Vector512.Min(x, Vector512<float>.Zero)), slopeGradient, c);
        }
        return Vector512.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load(ReadOnlySpan<float> row, int start) => row.Length - start >= Lanes
        ? Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(row), (nuint)start)
        : VectorLoop.Load(row[start..]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<float> value, Span<float> row, int start)
    {
        if (row.Length - start >= Lanes)
            value.StoreUnsafe(ref MemoryMarshal.GetReference(row), (nuint)start);
        else
            VectorLoop.Store(value, row[start..]);
    }
}
