using System.Runtime.CompilerServices;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Scoring;

/// <summary>How the floats of a record are held.</summary>
internal unsafe interface IRecordFormat
{
    /// <summary>Bytes of a value.</summary>
    static abstract int Size { get; }

    /// <summary>The vector of values from <paramref name="index"/> on.</summary>
    static abstract TVector Load<TVector, TLanes>(byte* record, nint index)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>;

    /// <summary>One value.</summary>
    static abstract float Value(byte* record, nint index);
}

/// <summary>Single precision.</summary>
internal readonly unsafe struct SingleRecords : IRecordFormat
{
    public static int Size => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TVector, TLanes>(byte* record, nint index)
        where TVector : struct
        where TLanes : struct, ILanes<TVector> => TLanes.Load((float*)record + index);

    public static float Value(byte* record, nint index) => ((float*)record)[index];
}

/// <summary>bfloat16: the upper half of a float, so 8 significant bits at its full range.</summary>
internal readonly unsafe struct BFloat16Records : IRecordFormat
{
    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TVector, TLanes>(byte* record, nint index)
        where TVector : struct
        where TLanes : struct, ILanes<TVector> => TLanes.LoadBFloat16((ushort*)record + index);

    public static float Value(byte* record, nint index) => BFloat16.Widen(((ushort*)record)[index]);
}
