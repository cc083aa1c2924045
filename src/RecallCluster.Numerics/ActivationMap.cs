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

    /// <summary>dx += dy * f(value).</summary>
    public static void AddGradient<TActivation>(ReadOnlySpan<float> value, ReadOnlySpan<float> dy, Span<float> dx)
        where TActivation : struct, IActivation
    {
        CheckLength(dy.Length, value.Length, nameof(dy));
        CheckLength(dx.Length, value.Length, nameof(dx));
        fixed (float* pv = value, pdy = dy, pdx = dx)
        {
            switch (Simd.Path)
            {
                case SimdPath.Avx512:
                    Over<Vector512<float>, Lanes512>.AddGradient<TActivation>(pv, pdy, pdx, value.Length);
                    break;
                case SimdPath.Avx2:
                    Over<Vector256<float>, Lanes256>.AddGradient<TActivation>(pv, pdy, pdx, value.Length);
                    break;
                default:
                    Over<Vector128<float>, Lanes128>.AddGradient<TActivation>(pv, pdy, pdx, value.Length);
                    break;
            }
        }
    }

    /// <summary>One row of <see cref="Activations.Prelu"/>; the lengths are equal.</summary>
    public static void Prelu(ReadOnlySpan<float> x, ReadOnlySpan<float> slope, Span<float> y)
    {
        fixed (float* px = x, ps = slope, py = y)
        {
            switch (Simd.Path)
            {
                case SimdPath.Avx512:
                    Over<Vector512<float>, Lanes512>.Prelu(px, ps, py, x.Length);
                    break;
                case SimdPath.Avx2:
                    Over<Vector256<float>, Lanes256>.Prelu(px, ps, py, x.Length);
                    break;
                default:
                    Over<Vector128<float>, Lanes128>.Prelu(px, ps, py, x.Length);
                    break;
            }
        }
    }

    /// <summary>One row of <see cref="Activations.PreluBackward"/>; the lengths are equal.</summary>
    public static void PreluBackward(
        ReadOnlySpan<float> x, ReadOnlySpan<float> slope, ReadOnlySpan<float> dy, Span<float> dx, Span<float> dslope)
    {
        fixed (float* px = x, ps = slope, pdy = dy, pdx = dx, pds = dslope)
        {
            switch (Simd.Path)
            {
                case SimdPath.Avx512:
                    Over<Vector512<float>, Lanes512>.PreluBackward(px, ps, pdy, pdx, pds, x.Length);
                    break;
                case SimdPath.Avx2:
                    Over<Vector256<float>, Lanes256>.PreluBackward(px, ps, pdy, pdx, pds, x.Length);
                    break;
                default:
                    Over<Vector128<float>, Lanes128>.PreluBackward(px, ps, pdy, pdx, pds, x.Length);
                    break;
            }
        }
    }

    public static void CheckLength(int length, int wanted, string name)
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

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void AddGradient<TActivation>(float* value, float* dy, float* dx, nint length)
            where TActivation : struct, IActivation
        {
            nint i = 0;
            for (; i <= length - TLanes.Count; i += TLanes.Count)
            {
                TVector factor = TActivation.Of<TVector, TLanes>(TLanes.Load(value + i));
                TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(dy + i), factor, TLanes.Load(dx + i)), dx + i);
            }
            if (i < length)
            {
                float* rest = stackalloc float[TLanes.Count];
                Copy(value + i, rest, length - i);
                TLanes.Store(TActivation.Of<TVector, TLanes>(TLanes.Load(rest)), rest);
                for (nint j = i; j < length; j++)
                    dx[j] += dy[j] * rest[j - i];
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Prelu(float* x, float* slope, float* y, nint length)
        {
            nint i = 0;
            for (; i <= length - TLanes.Count; i += TLanes.Count)
                TLanes.Store(TLanes.Prelu(TLanes.Load(x + i), TLanes.Load(slope + i)), y + i);
            for (; i < length; i++)
                y[i] = x[i] < 0 ? x[i] * slope[i] : x[i];
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void PreluBackward(float* x, float* slope, float* dy, float* dx, float* dslope, nint length)
        {
            TVector zero = TLanes.Broadcast(0), one = TLanes.Broadcast(1);
            nint i = 0;
            for (; i <= length - TLanes.Count; i += TLanes.Count)
            {
                TVector argument = TLanes.Load(x + i), gradient = TLanes.Load(dy + i);
                TVector negative = TLanes.Subtract(zero, argument);
                TVector factor = TLanes.WhereNegative(negative, one, TLanes.Load(slope + i));
                TLanes.Store(TLanes.MultiplyAdd(gradient, factor, TLanes.Load(dx + i)), dx + i);
                TVector below = TLanes.WhereNegative(negative, zero, argument);
                TLanes.Store(TLanes.MultiplyAdd(gradient, below, TLanes.Load(dslope + i)), dslope + i);
            }
            for (; i < length; i++)
            {
                bool positive = x[i] > 0;
                dx[i] += positive ? dy[i] : dy[i] * slope[i];
                dslope[i] += positive ? 0 : dy[i] * x[i];
            }
        }

        private static void Copy(float* source, float* destination, nint length)
        {
            for (nint i = 0; i < length; i++)
                destination[i] = source[i];
        }
    }
}
