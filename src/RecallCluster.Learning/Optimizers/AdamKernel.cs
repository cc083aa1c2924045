using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Optimizers;

/// <summary>One step of Adam over a run of values: moments and values are updated in place.</summary>
/// <param name="beta1">Decay of the mean of gradients.</param>
/// <param name="beta2">Decay of the mean of squares.</param>
/// <param name="epsilon">Added to the corrected root.</param>
/// <param name="stepSize">Learning rate over the first moment's bias correction.</param>
/// <param name="rootCorrection">One over the root of the second moment's bias correction.</param>
/// <param name="keep">What weight decay leaves of a value.</param>
/// <param name="clip">Factor on the gradient.</param>
internal readonly struct AdamKernel(
    float beta1, float beta2, float epsilon, float stepSize, float rootCorrection, float keep, float clip)
{
    public void Apply(ReadOnlySpan<float> gradient, Span<float> mean, Span<float> square, Span<float> value)
    {
        int length = gradient.Length;
        mean = mean[..length];
        square = square[..length];
        value = value[..length];
        ref float g = ref MemoryMarshal.GetReference(gradient);
        ref float m = ref MemoryMarshal.GetReference(mean);
        ref float v = ref MemoryMarshal.GetReference(square);
        ref float p = ref MemoryMarshal.GetReference(value);
        int i = 0;
        for (; i <= length - VectorLoop.Lanes; i += VectorLoop.Lanes)
        {
            nuint at = (nuint)i;
            var first = Vector512.LoadUnsafe(ref m, at);
            var second = Vector512.LoadUnsafe(ref v, at);
            Vector512<float> updated = Next(Vector512.LoadUnsafe(ref g, at), ref first, ref second, Vector512.LoadUnsafe(ref p, at));
            first.StoreUnsafe(ref m, at);
            second.StoreUnsafe(ref v, at);
            updated.StoreUnsafe(ref p, at);
        }
        if (i < length)
        {
            Vector512<float> first = VectorLoop.Load(mean[i..]), second = VectorLoop.Load(square[i..]);
            Vector512<float> updated = Next(VectorLoop.Load(gradient[i..]), ref first, ref second, VectorLoop.Load(value[i..]));
            VectorLoop.Store(first, mean[i..]);
            VectorLoop.Store(second, square[i..]);
            VectorLoop.Store(updated, value[i..]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<float> Next(Vector512<float> gradient, ref Vector512<float> mean, ref Vector512<float> square, Vector512<float> value)
    {
        gradient *= clip;
        mean = (mean * beta1) + (gradient * (1 - beta1));
        square = (square * beta2) + (gradient * gradient * (1 - beta2));
        Vector512<float> root = (Vector512.Sqrt(square) * rootCorrection) + Vector512.Create(epsilon);
        return (value * keep) - (stepSize * mean / root);
    }
}
