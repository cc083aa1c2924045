using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RecallCluster.Numerics;

/// <summary>Applies an activation along spans, on the path in force.</summary>
internal static unsafe class ActivationMap
{
    /// <summary>y = f(x).</summary>
    public static void Apply<TActivation>(ReadOnlySpan<float> x, Span<float> y)
        where TActivation : struct, IActivation
    {
        CheckLength(y.Length, x.Length, nameof(y));
        fixed (float* px = x, py = y)
        {
            switch (Simd.Path)
            {
                case SimdPath.Avx512:
                    Over<Vector512<float>, Lanes512>.Apply<TActivation>(px, py, x.Length);
                    break;
                case SimdPath.Avx2:
                    Over<Vector256<float>, Lanes256>.Apply<TActivation>(px, py, x.Length);
                    break;
                default:
                    Over<Vector128<float>, Lanes128>.Apply<TActivation>(px, py, x.Length);
                    break;
            }
        }
    }

    private static void CheckLength(int length, int wanted, string name)
    {
        if (length != wanted)
            throw new ArgumentException($"{name} holds {length} values; {wanted} are wanted.", name);
    }

    /// <summary>
    /// The loops, for one width. A rest narrower than a vector is computed in a vector of its own, so that an element's result does not
    /// depend on where it stands.
    /// </summary>
    private static class Over<TVector, TLanes>
        where TVector : struct
        where TLanes : struct, ILanes<TVector>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Apply<TActivation>(float* x, float* y, nint length)
            where TActivation : struct, IActivation
        {
            nint i = 0;
            for (; i <= length - TLanes.Count; i += TLanes.Count)
                TLanes.Store(TActivation.Of<TVector, TLanes>(TLanes.Load(x + i)), y + i);
            if (i < length)
            {
                float* rest = stackalloc float[TLanes.Count];
                Copy(x + i, rest, length - i);
                TLanes.Store(TActivation.Of<TVector, TLanes>(TLanes.Load(rest)), rest);
                Copy(rest, y + i, length - i);
            }
        }

        private static void Copy(float* source, float* destination, nint length)
        {
            for (nint i = 0; i < length; i++)
                destination[i] = source[i];
        }
    }
}
