using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RecallCluster.Numerics;

/// <summary>What one component (or one register of them) adds to a distance.</summary>
internal interface IDistanceStep
{
    static abstract float Add(float a, float b, float sum);

    static abstract Vector256<float> Add(Vector256<float> a, Vector256<float> b, Vector256<float> sum);

    static abstract Vector512<float> Add(Vector512<float> a, Vector512<float> b, Vector512<float> sum);
}

internal readonly struct SquaredL2Step : IDistanceStep
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add(float a, float b, float sum) => sum + ((a - b) * (a - b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b, Vector256<float> sum)
    {
        Vector256<float> difference = a - b;
        return Fma.MultiplyAdd(difference, difference, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b, Vector512<float> sum)
    {
        Vector512<float> difference = a - b;
        return Avx512F.FusedMultiplyAdd(difference, difference, sum);
    }
}

internal readonly struct NegatedProductStep : IDistanceStep
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add(float a, float b, float sum) => sum - (a * b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b, Vector256<float> sum) =>
        Fma.MultiplyAddNegated(a, b, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b, Vector512<float> sum) =>
        Avx512F.FusedMultiplyAddNegated(a, b, sum);
}

/// <summary>512-bit kernels: four rows side by side, their four sums transposed and added in one go.</summary>
internal static unsafe class Avx512Distance<TStep>
    where TStep : struct, IDistanceStep
{
    private const int Width = 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float One(float* a, float* b, int dim)
    {
        Vector512<float> sum = Vector512<float>.Zero;
        int whole = dim & ~(Width - 1);
        for (int j = 0; j < whole; j += Width)
            sum = TStep.Add(Vector512.Load(a + j), Vector512.Load(b + j), sum);
        if (whole < dim)
        {
            Vector512<float> mask = TailMask(dim - whole);
            sum = TStep.Add(Tail(a + whole, mask), Tail(b + whole, mask), sum);
        }
        return Vector512.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Many(float* query, float* vectors, int dim, int* ordinals, int count, float* distances)
    {
        int whole = dim & ~(Width - 1);
        Vector512<float> mask = TailMask(dim - whole);
        int i = 0;
        for (; i + 4 <= count; i += 4)
        {
            float* r0 = vectors + ((long)ordinals[i] * dim);
            float* r1 = vectors + ((long)ordinals[i + 1] * dim);
            float* r2 = vectors + ((long)ordinals[i + 2] * dim);
            float* r3 = vectors + ((long)ordinals[i + 3] * dim);
            Vector512<float> s0 = Vector512<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
            for (int j = 0; j < whole; j += Width)
            {
                Vector512<float> q = Vector512.Load(query + j);
                s0 = TStep.Add(q, Vector512.Load(r0 + j), s0);
                s1 = TStep.Add(q, Vector512.Load(r1 + j), s1);
                s2 = TStep.Add(q, Vector512.Load(r2 + j), s2);
                s3 = TStep.Add(q, Vector512.Load(r3 + j), s3);
            }
            if (whole < dim)
            {
                Vector512<float> q = Tail(query + whole, mask);
                s0 = TStep.Add(q, Tail(r0 + whole, mask), s0);
                s1 = TStep.Add(q, Tail(r1 + whole, mask), s1);
                s2 = TStep.Add(q, Tail(r2 + whole, mask), s2);
                s3 = TStep.Add(q, Tail(r3 + whole, mask), s3);
            }
            Sums(s0, s1, s2, s3).Store(distances + i);
        }
        for (; i < count; i++)
            distances[i] = One(query, vectors + ((long)ordinals[i] * dim), dim);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sums(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        // Each 128-bit lane of `abcd` holds a partial sum of a, b, c and d; the four lanes are then added.
        Vector512<float> ab = Avx512F.UnpackLow(a, b) + Avx512F.UnpackHigh(a, b);
        Vector512<float> cd = Avx512F.UnpackLow(c, d) + Avx512F.UnpackHigh(c, d);
        Vector512<float> abcd = Avx512F.UnpackLow(ab.AsDouble(), cd.AsDouble()).AsSingle()
            + Avx512F.UnpackHigh(ab.AsDouble(), cd.AsDouble()).AsSingle();
        Vector256<float> half = abcd.GetLower() + abcd.GetUpper();
        return half.GetLower() + half.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> TailMask(int length) =>
        Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(length)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Tail(float* row, Vector512<float> mask) => Avx512F.MaskLoad(row, mask, Vector512<float>.Zero);
}

/// <summary>256-bit kernels: four rows side by side.</summary>
internal static unsafe class Avx2Distance<TStep>
    where TStep : struct, IDistanceStep
{
    private const int Width = 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float One(float* a, float* b, int dim)
    {
        Vector256<float> sum = Vector256<float>.Zero;
        int whole = dim & ~(Width - 1);
        for (int j = 0; j < whole; j += Width)
            sum = TStep.Add(Vector256.Load(a + j), Vector256.Load(b + j), sum);
        if (whole < dim)
        {
            Vector256<float> mask = TailMask(dim - whole);
            sum = TStep.Add(Avx.MaskLoad(a + whole, mask), Avx.MaskLoad(b + whole, mask), sum);
        }
        return Vector256.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Many(float* query, float* vectors, int dim, int* ordinals, int count, float* distances)
    {
        int whole = dim & ~(Width - 1);
        Vector256<float> mask = TailMask(dim - whole);
        int i = 0;
        for (; i + 4 <= count; i += 4)
        {
            float* r0 = vectors + ((long)ordinals[i] * dim);
            float* r1 = vectors + ((long)ordinals[i + 1] * dim);
            float* r2 = vectors + ((long)ordinals[i + 2] * dim);
            float* r3 = vectors + ((long)ordinals[i + 3] * dim);
            Vector256<float> s0 = Vector256<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
            for (int j = 0; j < whole; j += Width)
            {
                Vector256<float> q = Vector256.Load(query + j);
                s0 = TStep.Add(q, Vector256.Load(r0 + j), s0);
                s1 = TStep.Add(q, Vector256.Load(r1 + j), s1);
                s2 = TStep.Add(q, Vector256.Load(r2 + j), s2);
                s3 = TStep.Add(q, Vector256.Load(r3 + j), s3);
            }
            if (whole < dim)
            {
                Vector256<float> q = Avx.MaskLoad(query + whole, mask);
                s0 = TStep.Add(q, Avx.MaskLoad(r0 + whole, mask), s0);
                s1 = TStep.Add(q, Avx.MaskLoad(r1 + whole, mask), s1);
                s2 = TStep.Add(q, Avx.MaskLoad(r2 + whole, mask), s2);
                s3 = TStep.Add(q, Avx.MaskLoad(r3 + whole, mask), s3);
            }
            Vector256<float> abcd = Avx.HorizontalAdd(Avx.HorizontalAdd(s0, s1), Avx.HorizontalAdd(s2, s3));
            (abcd.GetLower() + abcd.GetUpper()).Store(distances + i);
        }
        for (; i < count; i++)
            distances[i] = One(query, vectors + ((long)ordinals[i] * dim), dim);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> TailMask(int length) =>
        Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(length)).AsSingle();
}

/// <summary>Scalar kernels for any processor; four sums so that additions do not wait for one another.</summary>
internal static unsafe class PortableDistance<TStep>
    where TStep : struct, IDistanceStep
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float One(float* a, float* b, int dim)
    {
        float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        int j = 0;
        for (; j + 4 <= dim; j += 4)
        {
            s0 = TStep.Add(a[j], b[j], s0);
            s1 = TStep.Add(a[j + 1], b[j + 1], s1);
            s2 = TStep.Add(a[j + 2], b[j + 2], s2);
            s3 = TStep.Add(a[j + 3], b[j + 3], s3);
        }
        for (; j < dim; j++)
            s0 = TStep.Add(a[j], b[j], s0);
        return (s0 + s1) + (s2 + s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Many(float* query, float* vectors, int dim, int* ordinals, int count, float* distances)
    {
        for (int i = 0; i < count; i++)
            distances[i] = One(query, vectors + ((long)ordinals[i] * dim), dim);
    }
}
