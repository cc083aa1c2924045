using System.Runtime.CompilerServices;

namespace RecallCluster.Numerics;

/// <summary>What a tile of a product starts from and where it goes; this is how a layer's bias and activation are fused into it.</summary>
internal interface ITile<TVector>
    where TVector : struct
{
    /// <summary>The value to which the products of (<paramref name="row"/>, <paramref name="column"/> and following) are added.</summary>
    TVector Start(int row, int column);

    /// <summary>
    /// Called at every step of the depth, with the number of steps left (this one included): room for what goes on beside the
    /// arithmetic, such as fetching what comes next. Compiles to nothing where it does nothing.
    /// </summary>
    void Tick(int left);

    /// <summary>Takes the two finished vectors of <paramref name="row"/>.</summary>
    void Finish(int row, TVector left, TVector right);
}

/// <summary>
/// The inner kernel of all products: a tile of up to 12 rows by two vectors, held in registers while the depth runs. Row i at depth p of
/// the left operand is <c>a[i * rowStride + p * depthStride]</c>, so a row-major, a transposed and a packed operand are all the same to it;
/// the right operand's rows are contiguous vectors <c>bStride</c> apart.
/// </summary>
/// <remarks>
/// Written out row by row, because only plain locals are kept in registers. The number of rows is a type, so that the compiler drops
/// what a smaller tile does not need. Blocking after Goto &amp; van de Geijn, "Anatomy of high-performance matrix multiplication", 2008.
/// </remarks>
internal static unsafe class GemmTile
{
    /// <summary>The most rows that any path takes.</summary>
    public const int MostRows = 12;

    /// <summary>Runs the tile of <paramref name="rows"/> rows (1 to the path's maximum) by two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TVector, TLanes, TTile>(
        int rows, float* a, nint rowStride, nint depthStride, float* b, nint bStride, int depth, in TTile tile)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>
        where TTile : struct, ITile<TVector>
    {
        switch (rows)
        {
            case 1:
                Run<TVector, TLanes, TTile, Rows1>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            case 2:
                Run<TVector, TLanes, TTile, Rows2>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            case 3:
                Run<TVector, TLanes, TTile, Rows3>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            case 4:
                Run<TVector, TLanes, TTile, Rows4>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            case 5:
                Run<TVector, TLanes, TTile, Rows5>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            case 6:
                Run<TVector, TLanes, TTile, Rows6>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            case 7:
                Run<TVector, TLanes, TTile, Rows7>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            case 8:
                Run<TVector, TLanes, TTile, Rows8>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            case 9:
                Run<TVector, TLanes, TTile, Rows9>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            case 10:
                Run<TVector, TLanes, TTile, Rows10>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            case 11:
                Run<TVector, TLanes, TTile, Rows11>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            case 12:
                Run<TVector, TLanes, TTile, Rows12>(a, rowStride, depthStride, b, bStride, depth, tile);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(rows));
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TVector, TLanes, TTile, TRows>(
        float* a, nint rowStride, nint depthStride, float* b, nint bStride, int depth, in TTile shared)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>
        where TTile : struct, ITile<TVector>
        where TRows : struct, IRows
    {
        // A copy whose address nobody has: stores through pointers cannot change it, so its fields stay in registers.
        TTile tile = shared;
        TVector c1 = default, d1 = default;
        TVector c2 = default, d2 = default;
        TVector c3 = default, d3 = default;
        TVector c4 = default, d4 = default;
        TVector c5 = default, d5 = default;
        TVector c6 = default, d6 = default;
        TVector c7 = default, d7 = default;
        TVector c8 = default, d8 = default;
        TVector c9 = default, d9 = default;
        TVector c10 = default, d10 = default;
        TVector c11 = default, d11 = default;

        // One base for three rows: base, base + stride and base + 2 * stride are all addressing modes.
        float* a0 = a;
        float* a3 = a + (3 * rowStride);
        float* a6 = a + (6 * rowStride);
        float* a9 = a + (9 * rowStride);
        Start<TVector, TLanes, TTile>(tile, 0, out TVector c0, out TVector d0);
        if (TRows.Count > 1)
            Start<TVector, TLanes, TTile>(tile, 1, out c1, out d1);
        if (TRows.Count > 2)
            Start<TVector, TLanes, TTile>(tile, 2, out c2, out d2);
        if (TRows.Count > 3)
            Start<TVector, TLanes, TTile>(tile, 3, out c3, out d3);
        if (TRows.Count > 4)
            Start<TVector, TLanes, TTile>(tile, 4, out c4, out d4);
        if (TRows.Count > 5)
            Start<TVector, TLanes, TTile>(tile, 5, out c5, out d5);
        if (TRows.Count > 6)
            Start<TVector, TLanes, TTile>(tile, 6, out c6, out d6);
        if (TRows.Count > 7)
            Start<TVector, TLanes, TTile>(tile, 7, out c7, out d7);
        if (TRows.Count > 8)
            Start<TVector, TLanes, TTile>(tile, 8, out c8, out d8);
        if (TRows.Count > 9)
            Start<TVector, TLanes, TTile>(tile, 9, out c9, out d9);
        if (TRows.Count > 10)
            Start<TVector, TLanes, TTile>(tile, 10, out c10, out d10);
        if (TRows.Count > 11)
            Start<TVector, TLanes, TTile>(tile, 11, out c11, out d11);
        for (; depth > 0; depth--)
        {
            TVector left = TLanes.Load(b);
            TVector right = TLanes.Load(b + TLanes.Count);
            b += bStride;
            Step<TVector, TLanes>(a0[0], left, right, ref c0, ref d0);
            if (TRows.Count > 1)
                Step<TVector, TLanes>(a0[rowStride], left, right, ref c1, ref d1);
            if (TRows.Count > 2)
                Step<TVector, TLanes>(a0[2 * rowStride], left, right, ref c2, ref d2);
            if (TRows.Count > 3)
                Step<TVector, TLanes>(a3[0], left, right, ref c3, ref d3);
            if (TRows.Count > 4)
                Step<TVector, TLanes>(a3[rowStride], left, right, ref c4, ref d4);
            if (TRows.Count > 5)
                Step<TVector, TLanes>(a3[2 * rowStride], left, right, ref c5, ref d5);
            if (TRows.Count > 6)
                Step<TVector, TLanes>(a6[0], left, right, ref c6, ref d6);
            if (TRows.Count > 7)
                Step<TVector, TLanes>(a6[rowStride], left, right, ref c7, ref d7);
            if (TRows.Count > 8)
                Step<TVector, TLanes>(a6[2 * rowStride], left, right, ref c8, ref d8);
            if (TRows.Count > 9)
                Step<TVector, TLanes>(a9[0], left, right, ref c9, ref d9);
            if (TRows.Count > 10)
                Step<TVector, TLanes>(a9[rowStride], left, right, ref c10, ref d10);
            if (TRows.Count > 11)
                Step<TVector, TLanes>(a9[2 * rowStride], left, right, ref c11, ref d11);
            a0 += depthStride;
            a3 += depthStride;
            a6 += depthStride;
            a9 += depthStride;
            tile.Tick(depth);
        }
        tile.Finish(0, c0, d0);
        if (TRows.Count > 1)
            tile.Finish(1, c1, d1);
        if (TRows.Count > 2)
            tile.Finish(2, c2, d2);
        if (TRows.Count > 3)
            tile.Finish(3, c3, d3);
        if (TRows.Count > 4)
            tile.Finish(4, c4, d4);
        if (TRows.Count > 5)
            tile.Finish(5, c5, d5);
        if (TRows.Count > 6)
            tile.Finish(6, c6, d6);
        if (TRows.Count > 7)
            tile.Finish(7, c7, d7);
        if (TRows.Count > 8)
            tile.Finish(8, c8, d8);
        if (TRows.Count > 9)
            tile.Finish(9, c9, d9);
        if (TRows.Count > 10)
            tile.Finish(10, c10, d10);
        if (TRows.Count > 11)
            tile.Finish(11, c11, d11);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Start<TVector, TLanes, TTile>(in TTile tile, int row, out TVector c, out TVector d)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>
        where TTile : struct, ITile<TVector>
    {
        c = tile.Start(row, 0);
        d = tile.Start(row, TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TVector, TLanes>(float a, TVector left, TVector right, ref TVector c, ref TVector d)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>
    {
        TVector x = TLanes.Broadcast(a);
        c = TLanes.MultiplyAdd(x, left, c);
        d = TLanes.MultiplyAdd(x, right, d);
    }

    private interface IRows
    {
        static abstract int Count { get; }
    }

    private readonly struct Rows1 : IRows
    {
        public static int Count => 1;
    }

    private readonly struct Rows2 : IRows
    {
        public static int Count => 2;
    }

    private readonly struct Rows3 : IRows
    {
        public static int Count => 3;
    }

    private readonly struct Rows4 : IRows
    {
        public static int Count => 4;
    }

    private readonly struct Rows5 : IRows
    {
        public static int Count => 5;
    }

    private readonly struct Rows6 : IRows
    {
        public static int Count => 6;
    }

    private readonly struct Rows7 : IRows
    {
        public static int Count => 7;
    }

    private readonly struct Rows8 : IRows
    {
        public static int Count => 8;
    }

    private readonly struct Rows9 : IRows
    {
        public static int Count => 9;
    }

    private readonly struct Rows10 : IRows
    {
        public static int Count => 10;
    }

    private readonly struct Rows11 : IRows
    {
        public static int Count => 11;
    }

    private readonly struct Rows12 : IRows
    {
        public static int Count => 12;
    }
}
