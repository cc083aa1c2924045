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
        TVector c0 = default, d0 = default;
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
        c0 = tile.Start(0, 0);
        d0 = tile.Start(0, TLanes.Count);
        if (TRows.Count > 1)
        {
            c1 = tile.Start(1, 0);
            d1 = tile.Start(1, TLanes.Count);
        }
        if (TRows.Count > 2)
        {
            c2 = tile.Start(2, 0);
            d2 = tile.Start(2, TLanes.Count);
        }
        if (TRows.Count > 3)
        {
            c3 = tile.Start(3, 0);
            d3 = tile.Start(3, TLanes.Count);
        }
        if (TRows.Count > 4)
        {
            c4 = tile.Start(4, 0);
            d4 = tile.Start(4, TLanes.Count);
        }
        if (TRows.Count > 5)
        {
            c5 = tile.Start(5, 0);
            d5 = tile.Start(5, TLanes.Count);
        }
        if (TRows.Count > 6)
        {
            c6 = tile.Start(6, 0);
            d6 = tile.Start(6, TLanes.Count);
        }
        if (TRows.Count > 7)
        {
            c7 = tile.Start(7, 0);
            d7 = tile.Start(7, TLanes.Count);
        }
        if (TRows.Count > 8)
        {
            c8 = tile.Start(8, 0);
            d8 = tile.Start(8, TLanes.Count);
        }
        if (TRows.Count > 9)
        {
            c9 = tile.Start(9, 0);
            d9 = tile.Start(9, TLanes.Count);
        }
        if (TRows.Count > 10)
        {
            c10 = tile.Start(10, 0);
            d10 = tile.Start(10, TLanes.Count);
        }
        if (TRows.Count > 11)
        {
            c11 = tile.Start(11, 0);
            d11 = tile.Start(11, TLanes.Count);
        }
        for (; depth > 0; depth--)
        {
            TVector left = TLanes.Load(b);
            TVector right = TLanes.Load(b + TLanes.Count);
            b += bStride;
            TVector x = TLanes.Broadcast(*a0);
            c0 = TLanes.MultiplyAdd(x, left, c0);
            d0 = TLanes.MultiplyAdd(x, right, d0);
            if (TRows.Count > 1)
            {
                x = TLanes.Broadcast(a0[rowStride]);
                c1 = TLanes.MultiplyAdd(x, left, c1);
                d1 = TLanes.MultiplyAdd(x, right, d1);
            }
            if (TRows.Count > 2)
            {
                x = TLanes.Broadcast(a0[2 * rowStride]);
                c2 = TLanes.MultiplyAdd(x, left, c2);
                d2 = TLanes.MultiplyAdd(x, right, d2);
            }
            if (TRows.Count > 3)
            {
                x = TLanes.Broadcast(a3[0]);
                c3 = TLanes.MultiplyAdd(x, left, c3);
                d3 = TLanes.MultiplyAdd(x, right, d3);
            }
            if (TRows.Count > 4)
            {
                x = TLanes.Broadcast(a3[rowStride]);
                c4 = TLanes.MultiplyAdd(x, left, c4);
                d4 = TLanes.MultiplyAdd(x, right, d4);
            }
            if (TRows.Count > 5)
            {
                x = TLanes.Broadcast(a3[2 * rowStride]);
                c5 = TLanes.MultiplyAdd(x, left, c5);
                d5 = TLanes.MultiplyAdd(x, right, d5);
            }
            if (TRows.Count > 6)
            {
                x = TLanes.Broadcast(a6[0]);
                c6 = TLanes.MultiplyAdd(x, left, c6);
                d6 = TLanes.MultiplyAdd(x, right, d6);
            }
            if (TRows.Count > 7)
            {
                x = TLanes.Broadcast(a6[rowStride]);
                c7 = TLanes.MultiplyAdd(x, left, c7);
                d7 = TLanes.MultiplyAdd(x, right, d7);
            }
            if (TRows.Count > 8)
            {
                x = TLanes.Broadcast(a6[2 * rowStride]);
                c8 = TLanes.MultiplyAdd(x, left, c8);
                d8 = TLanes.MultiplyAdd(x, right, d8);
            }
            if (TRows.Count > 9)
            {
                x = TLanes.Broadcast(a9[0]);
                c9 = TLanes.MultiplyAdd(x, left, c9);
                d9 = TLanes.MultiplyAdd(x, right, d9);
            }
            if (TRows.Count > 10)
            {
                x = TLanes.Broadcast(a9[rowStride]);
                c10 = TLanes.MultiplyAdd(x, left, c10);
                d10 = TLanes.MultiplyAdd(x, right, d10);
            }
            if (TRows.Count > 11)
            {
                x = TLanes.Broadcast(a9[2 * rowStride]);
                c11 = TLanes.MultiplyAdd(x, left, c11);
                d11 = TLanes.MultiplyAdd(x, right, d11);
            }
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
