using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RecallCluster.Numerics;

/// <summary>
/// Exact integer distances of a 16-bit query to 8-bit code rows: sum of (q - c)^2 or -sum of q * c. All paths give the same integers as
/// long as <see cref="QueryLimit"/> is kept, within which 32 bits hold every sum.
/// </summary>
public static unsafe class CodeKernels
{
    /// <summary>Rows are padded with zeros to a multiple of this many codes, and so are queries.</summary>
    public const int Block = 32;

    private const int LargestCode = 128;

    /// <summary>
    /// The largest magnitude of a query component for which no sum over <paramref name="stride"/> components overflows 32 bits.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="stride"/> is not positive.</exception>
    public static int QueryLimit(VectorMetric metric, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(stride);
        double term = (double)int.MaxValue / stride;
        double limit = metric == VectorMetric.SquaredL2 ? Math.Sqrt(term) - LargestCode : term / LargestCode;

        // Pairs of squares are added in 32 bits too: (2 * 16000)^2 * 2 still fits.
        return (int)Math.Clamp(limit, 1, 16_000);
    }

    /// <summary>Measures rows of a code matrix on the instruction set of <see cref="Simd.Path"/>.</summary>
    /// <param name="metric">The metric.</param>
    /// <param name="query"><paramref name="stride"/> components within <see cref="QueryLimit"/>.</param>
    /// <param name="codes">Row-major matrix, <paramref name="stride"/> codes a row.</param>
    /// <param name="stride">A multiple of <see cref="Block"/>.</param>
    /// <param name="ordinals">Row numbers.</param>
    /// <param name="count">Number of rows to measure.</param>
    /// <param name="distances">Receives the integer distances, rounded to float.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Many(VectorMetric metric, short* query, sbyte* codes, int stride, int* ordinals, int count, float* distances)
    {
        if (metric == VectorMetric.SquaredL2)
            Many<SquaredL2Code>(query, codes, stride, ordinals, count, distances);
        else
            Many<NegatedProductCode>(query, codes, stride, ordinals, count, distances);
    }

    private static void Many<TStep>(short* query, sbyte* codes, int stride, int* ordinals, int count, float* distances)
        where TStep : struct, ICodeStep
    {
        switch (Simd.Path)
        {
            case SimdPath.Avx512:
                Many512<TStep>(query, codes, stride, ordinals, count, distances);
                break;
            case SimdPath.Avx2:
                Many256<TStep>(query, codes, stride, ordinals, count, distances);
                break;
            default:
                ManyPortable<TStep>(query, codes, stride, ordinals, count, distances);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Many512<TStep>(short* query, sbyte* codes, int stride, int* ordinals, int count, float* distances)
        where TStep : struct, ICodeStep
    {
        int i = 0;
        for (; i + 4 <= count; i += 4)
        {
            sbyte* r0 = codes + ((long)ordinals[i] * stride);
            sbyte* r1 = codes + ((long)ordinals[i + 1] * stride);
            sbyte* r2 = codes + ((long)ordinals[i + 2] * stride);
            sbyte* r3 = codes + ((long)ordinals[i + 3] * stride);
            Vector512<int> s0 = Vector512<int>.Zero, s1 = s0, s2 = s0, s3 = s0;
            for (int j = 0; j < stride; j += Block)
            {
                Vector512<short> q = Vector512.Load(query + j);
                s0 += TStep.Pairs(q, Avx512BW.ConvertToVector512Int16(Vector256.Load(r0 + j)));
                s1 += TStep.Pairs(q, Avx512BW.ConvertToVector512Int16(Vector256.Load(r1 + j)));
                s2 += TStep.Pairs(q, Avx512BW.ConvertToVector512Int16(Vector256.Load(r2 + j)));
                s3 += TStep.Pairs(q, Avx512BW.ConvertToVector512Int16(Vector256.Load(r3 + j)));
            }
            Vector512<int> s01 = Avx512F.UnpackLow(s0, s1) + Avx512F.UnpackHigh(s0, s1);
            Vector512<int> s23 = Avx512F.UnpackLow(s2, s3) + Avx512F.UnpackHigh(s2, s3);
            Vector512<int> sums = Avx512F.UnpackLow(s01.AsInt64(), s23.AsInt64()).AsInt32()
                + Avx512F.UnpackHigh(s01.AsInt64(), s23.AsInt64()).AsInt32();
            Vector256<int> half = sums.GetLower() + sums.GetUpper();
            Store<TStep>(half.GetLower() + half.GetUpper(), distances + i);
        }
        for (; i < count; i++)
        {
            sbyte* row = codes + ((long)ordinals[i] * stride);
            Vector512<int> sum = Vector512<int>.Zero;
            for (int j = 0; j < stride; j += Block)
                sum += TStep.Pairs(Vector512.Load(query + j), Avx512BW.ConvertToVector512Int16(Vector256.Load(row + j)));
            distances[i] = TStep.Sign * Vector512.Sum(sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Many256<TStep>(short* query, sbyte* codes, int stride, int* ordinals, int count, float* distances)
        where TStep : struct, ICodeStep
    {
        for (int i = 0; i < count; i++)
        {
            sbyte* row = codes + ((long)ordinals[i] * stride);
            Vector256<int> even = Vector256<int>.Zero, odd = even;
            for (int j = 0; j < stride; j += Block)
            {
                even += TStep.Pairs(Vector256.Load(query + j), Avx2.ConvertToVector256Int16(Vector128.Load(row + j)));
                odd += TStep.Pairs(Vector256.Load(query + j + 16), Avx2.ConvertToVector256Int16(Vector128.Load(row + j + 16)));
            }
            distances[i] = TStep.Sign * Vector256.Sum(even + odd);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ManyPortable<TStep>(short* query, sbyte* codes, int stride, int* ordinals, int count, float* distances)
        where TStep : struct, ICodeStep
    {
        for (int i = 0; i < count; i++)
        {
            sbyte* row = codes + ((long)ordinals[i] * stride);
            int sum = 0;
            for (int j = 0; j < stride; j++)
                sum += TStep.Term(query[j], row[j]);
            distances[i] = TStep.Sign * sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TStep>(Vector128<int> sums, float* distances)
        where TStep : struct, ICodeStep =>
        (Vector128.ConvertToSingle(sums) * TStep.Sign).Store(distances);

    /// <summary>What a component adds to a sum, and the sign of the sum in the distance.</summary>
    private interface ICodeStep
    {
        static abstract int Sign { get; }

        static abstract int Term(int q, int c);

        static abstract Vector256<int> Pairs(Vector256<short> q, Vector256<short> c);

        static abstract Vector512<int> Pairs(Vector512<short> q, Vector512<short> c);
    }

    private readonly struct SquaredL2Code : ICodeStep
    {
        public static int Sign => 1;

        public static int Term(int q, int c) => (q - c) * (q - c);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<int> Pairs(Vector256<short> q, Vector256<short> c)
        {
            Vector256<short> difference = q - c;
            return Avx2.MultiplyAddAdjacent(difference, difference);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<int> Pairs(Vector512<short> q, Vector512<short> c)
        {
            Vector512<short> difference = q - c;
            return Avx512BW.MultiplyAddAdjacent(difference, difference);
        }
    }

    private readonly struct NegatedProductCode : ICodeStep
    {
        public static int Sign => -1;

        public static int Term(int q, int c) => q * c;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<int> Pairs(Vector256<short> q, Vector256<short> c) => Avx2.MultiplyAddAdjacent(q, c);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<int> Pairs(Vector512<short> q, Vector512<short> c) => Avx512BW.MultiplyAddAdjacent(q, c);
    }
}
