using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RecallCluster.Numerics;

/// <summary>What the components add to a sum, and the sign of the sum in the distance.</summary>
internal interface IDistanceStep
{
    static abstract float Sign { get; }

    static abstract TVector Add<TVector, TLanes>(TVector a, TVector b, TVector sum)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>;
}

internal readonly struct SquaredL2Step : IDistanceStep
{
    public static float Sign => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Add<TVector, TLanes>(TVector a, TVector b, TVector sum)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>
    {
        TVector difference = TLanes.Subtract(a, b);
        return TLanes.MultiplyAdd(difference, difference, sum);
    }
}

internal readonly struct NegatedProductStep : IDistanceStep
{
    public static float Sign => -1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Add<TVector, TLanes>(TVector a, TVector b, TVector sum)
        where TVector : struct
        where TLanes : struct, ILanes<TVector> => TLanes.MultiplyAdd(a, b, sum);
}

/// <summary>The distance kernels of one path: four rows side by side, their four sums added up in one go.</summary>
internal static unsafe class DistanceKernel<TVector, TLanes, TStep>
    where TVector : struct
    where TLanes : struct, ILanes<TVector>
    where TStep : struct, IDistanceStep
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float One(float* a, float* b, int dim)
    {
        TVector sum = TLanes.Broadcast(0);
        int whole = dim & ~(TLanes.Count - 1);
        for (int j = 0; j < whole; j += TLanes.Count)
            sum = TStep.Add<TVector, TLanes>(TLanes.Load(a + j), TLanes.Load(b + j), sum);
        if (whole < dim)
        {
            TVector mask = TLanes.PartMask(dim - whole);
            sum = TStep.Add<TVector, TLanes>(TLanes.LoadPart(a + whole, mask), TLanes.LoadPart(b + whole, mask), sum);
        }
        return TStep.Sign * TLanes.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Many(float* query, float* vectors, int dim, int* ordinals, int count, float* distances)
    {
        int whole = dim & ~(TLanes.Count - 1);
        TVector mask = TLanes.PartMask(dim - whole);
        int i = 0;
        for (; i + 4 <= count; i += 4)
        {
            float* r0 = vectors + ((long)ordinals[i] * dim);
            float* r1 = vectors + ((long)ordinals[i + 1] * dim);
            float* r2 = vectors + ((long)ordinals[i + 2] * dim);
            float* r3 = vectors + ((long)ordinals[i + 3] * dim);
            TVector s0 = TLanes.Broadcast(0), s1 = s0, s2 = s0, s3 = s0;
            for (int j = 0; j < whole; j += TLanes.Count)
            {
                TVector q = TLanes.Load(query + j);
                s0 = TStep.Add<TVector, TLanes>(q, TLanes.Load(r0 + j), s0);
                s1 = TStep.Add<TVector, TLanes>(q, TLanes.Load(r1 + j), s1);
                s2 = TStep.Add<TVector, TLanes>(q, TLanes.Load(r2 + j), s2);
                s3 = TStep.Add<TVector, TLanes>(q, TLanes.Load(r3 + j), s3);
            }
            if (whole < dim)
            {
                TVector q = TLanes.LoadPart(query + whole, mask);
                s0 = TStep.Add<TVector, TLanes>(q, TLanes.LoadPart(r0 + whole, mask), s0);
                s1 = TStep.Add<TVector, TLanes>(q, TLanes.LoadPart(r1 + whole, mask), s1);
                s2 = TStep.Add<TVector, TLanes>(q, TLanes.LoadPart(r2 + whole, mask), s2);
                s3 = TStep.Add<TVector, TLanes>(q, TLanes.LoadPart(r3 + whole, mask), s3);
            }
            (TLanes.Sums(s0, s1, s2, s3) * TStep.Sign).Store(distances + i);
        }
        for (; i < count; i++)
            distances[i] = One(query, vectors + ((long)ordinals[i] * dim), dim);
    }
}
