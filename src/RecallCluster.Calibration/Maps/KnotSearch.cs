using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RecallCluster.Calibration.Maps;

/// <summary>
/// Which interval of an ascending array of edges a value lies in; branch-free binary search, one value or four at a time.
/// </summary>
internal static unsafe class KnotSearch
{
    /// <summary>The largest i below <paramref name="intervals"/> with edges[i] &lt;= <paramref name="p"/>; 0 if there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int IntervalOf(double[] edges, int intervals, double p)
    {
        ref double first = ref MemoryMarshal.GetArrayDataReference(edges);
        int low = 0;
        for (int length = intervals; length > 1;)
        {
            int half = length >> 1;
            bool right = Unsafe.Add(ref first, low + half) <= p;
            low += half & -Unsafe.BitCast<bool, byte>(right);
            length -= half;
        }
        return low;
    }

    /// <summary>As <see cref="IntervalOf"/>, for four values; needs AVX2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<long> IntervalsOf(double* edges, int intervals, Vector256<double> p)
    {
        Vector256<long> low = Vector256<long>.Zero;
        for (int length = intervals; length > 1;)
        {
            int half = length >> 1;
            Vector256<long> step = Vector256.Create((long)half);
            Vector256<double> edge = Avx2.GatherVector256(edges, low + step, sizeof(double));
            low += Vector256.LessThanOrEqual(edge, p).AsInt64() & step;
            length -= half;
        }
        return low;
    }

    /// <summary>Whether all four values lie in [0, 1] (NaN does not).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AllProbabilities(Vector256<double> p) =>
        Vector256.EqualsAll(
            (Vector256.GreaterThanOrEqual(p, Vector256<double>.Zero) & Vector256.LessThanOrEqual(p, Vector256<double>.One)).AsInt64(),
            Vector256<long>.AllBitsSet);
}
