using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RecallCluster.Numerics;

/// <summary>
/// The blocking of a product around <see cref="GemmTile"/>: a block of the right operand, deep enough to amortise the traffic of the
/// result and small enough for the second-level cache, is packed into panels two vectors wide; every tile of rows then runs over them.
/// </summary>
internal static unsafe class GemmBlock<TVector, TLanes>
    where TVector : struct
    where TLanes : struct, ILanes<TVector>
{
    private const int BlockDepth = 256;
    private const int BlockColumns = 512;

    [ThreadStatic]
    private static NativeBlock<float>? t_packed;

    private static int PanelWidth => 2 * TLanes.Count;

    /// <summary>
    /// C (+)= L R for a C of <paramref name="rows"/> x <paramref name="columns"/> inside a matrix of row length <paramref name="stride"/>.
    /// </summary>
    public static void Run(
        GemmOperand left, GemmOperand right, float* result, nint stride, int rows, int columns, int depth, bool accumulate)
    {
        if (depth == 0)
        {
            if (!accumulate)
                Clear(result, stride, rows, columns);
            return;
        }
        if (rows == 1 && left.ColumnStride == 1 && right.RowStride == 1 && right.Transposed)
        {
            RowOfDots(left.Data, right, result, columns, depth, accumulate);
            return;
        }
        for (int p = 0; p < depth; p += BlockDepth)
        {
            int blockDepth = Math.Min(BlockDepth, depth - p);
            for (int j = 0; j < columns; j += BlockColumns)
            {
                int blockColumns = Math.Min(BlockColumns, columns - j);
                var block = new GemmOperand(right.At(p, j), right.RowStride, right.ColumnStride);
                RunBlock(
                    left.Offset(p * left.ColumnStride), block, result + j, stride, rows, blockColumns, blockDepth, accumulate || p > 0);
            }
        }
    }

    private static void RunBlock(
        GemmOperand left, GemmOperand right, float* result, nint stride, int rows, int columns, int depth, bool accumulate)
    {
        // Rows of the right operand that are contiguous and near each other are read where they are; copying pays with many tiles only.
        bool pack = right.Transposed || (rows > 4 * TLanes.MaxRows && right.RowStride > 512);
        int direct = pack ? 0 : columns / PanelWidth * PanelWidth;
        float* packed = null;
        if (direct < columns)
        {
            packed = Scratch();
            for (int j = direct; j < columns; j += PanelWidth)
            {
                var panel = new GemmOperand(right.At(0, j), right.RowStride, right.ColumnStride);
                GemmPacking.Pack(panel, depth, Math.Min(PanelWidth, columns - j), PanelWidth, packed + ((nint)(j - direct) * depth));
            }
        }

        int tiles = (rows + TLanes.MaxRows - 1) / TLanes.MaxRows;
        for (int t = 0; t < tiles; t++)
        {
            // Evenly high tiles: a last one of a row or two would run at a fraction of the speed.
            int row = (int)((long)rows * t / tiles);
            int tileRows = (int)((long)rows * (t + 1) / tiles) - row;
            float* a = left.At(row, 0);
            float* c = result + (row * stride);
            for (int j = 0; j < direct; j += PanelWidth)
                RunTile(tileRows, a, left, right.Data + j, right.RowStride, depth, c + j, stride, accumulate);
            for (int j = direct; j < columns; j += PanelWidth)
            {
                float* panel = packed + ((nint)(j - direct) * depth);
                if (columns - j >= PanelWidth)
                    RunTile(tileRows, a, left, panel, PanelWidth, depth, c + j, stride, accumulate);
                else
                    RunEdge(tileRows, a, left, panel, depth, c + j, stride, columns - j, accumulate);
            }
        }
    }

    private static void RunTile(
        int rows, float* a, GemmOperand left, float* b, nint bStride, int depth, float* c, nint stride, bool accumulate) =>
        GemmTile.Run<TVector, TLanes, Tile>(rows, a, left.RowStride, left.ColumnStride, b, bStride, depth, new Tile(c, stride, accumulate));

    // A last panel, narrower than two vectors: computed aside over zero padding, then moved.
    [SkipLocalsInit]
    private static void RunEdge(
        int rows, float* a, GemmOperand left, float* b, int depth, float* c, nint stride, int columns, bool accumulate)
    {
        float* aside = stackalloc float[GemmTile.MostRows * PanelWidth];
        RunTile(rows, a, left, b, PanelWidth, depth, aside, PanelWidth, false);
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                float value = aside[(i * PanelWidth) + j];
                c[j] = accumulate ? c[j] + value : value;
            }
            c += stride;
        }
    }

    private static void RowOfDots(float* row, GemmOperand right, float* result, int columns, int depth, bool accumulate)
    {
        for (int j = 0; j < columns; j++)
        {
            float sum = Dot(row, right.At(0, j), depth);
            result[j] = accumulate ? result[j] + sum : sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(float* x, float* y, int length)
    {
        TVector even = TLanes.Broadcast(0), odd = TLanes.Broadcast(0);
        int i = 0;
        for (; i <= length - PanelWidth; i += PanelWidth)
        {
            even = TLanes.MultiplyAdd(TLanes.Load(x + i), TLanes.Load(y + i), even);
            odd = TLanes.MultiplyAdd(TLanes.Load(x + i + TLanes.Count), TLanes.Load(y + i + TLanes.Count), odd);
        }
        float sum = TLanes.Sum(TLanes.Add(even, odd));
        for (; i < length; i++)
            sum += x[i] * y[i];
        return sum;
    }

    private static void Clear(float* result, nint stride, int rows, int columns)
    {
        for (int i = 0; i < rows; i++)
            NativeMemory.Clear(result + (i * stride), (nuint)columns * sizeof(float));
    }

    private static float* Scratch()
    {
        // A block's columns round up to whole panels; the block's size is a multiple of every panel.
        t_packed ??= new NativeBlock<float>(BlockDepth * BlockColumns);
        return t_packed.Pointer;
    }

    private readonly struct Tile(float* c, nint stride, bool accumulate) : ITile<TVector>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Start(int row, int column) => accumulate ? TLanes.Load(c + (row * stride) + column) : TLanes.Broadcast(0);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Tick(int left)
        {
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Finish(int row, TVector left, TVector right)
        {
            TLanes.Store(left, c + (row * stride));
            TLanes.Store(right, c + (row * stride) + TLanes.Count);
        }
    }
}
