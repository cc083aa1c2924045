using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RecallCluster.Numerics;

/// <summary>Copies a panel of a matrix into the order in which the inner kernel reads it.</summary>
internal static unsafe class GemmPacking
{
    /// <summary>
    /// Copies <paramref name="depth"/> rows of <paramref name="columns"/> to rows of <paramref name="width"/> contiguous floats, zeros
    /// behind the last column.
    /// </summary>
    public static void Pack(GemmOperand panel, int depth, int columns, int width, float* destination)
    {
        if (columns < width)
            new Span<float>(destination, depth * width).Clear();
        if (panel.ColumnStride == 1)
            PackRows(panel, depth, columns, width, destination);
        else
            PackColumns(panel, depth, columns, width, destination);
    }

    private static void PackRows(GemmOperand panel, int depth, int columns, int width, float* destination)
    {
        for (int p = 0; p < depth; p++)
        {
            new ReadOnlySpan<float>(panel.At(p, 0), columns).CopyTo(new Span<float>(destination, columns));
            destination += width;
        }
    }

    private static void PackColumns(GemmOperand panel, int depth, int columns, int width, float* destination)
    {
        int blockColumns = 0, blockDepth = 0;
        if (Sse.IsSupported && panel.RowStride == 1)
        {
            blockColumns = columns & ~3;
            blockDepth = depth & ~3;
            for (int j = 0; j < blockColumns; j += 4)
            {
                for (int p = 0; p < blockDepth; p += 4)
                    Transpose4x4(panel.At(p, j), panel.ColumnStride, destination + ((nint)p * width) + j, width);
            }
        }
        for (int j = 0; j < columns; j++)
        {
            for (int p = j < blockColumns ? blockDepth : 0; p < depth; p++)
                destination[((nint)p * width) + j] = *panel.At(p, j);
        }
    }

    private static void Transpose4x4(float* source, nint sourceStride, float* destination, nint destinationStride)
    {
        Vector128<float> r0 = Vector128.Load(source);
        Vector128<float> r1 = Vector128.Load(source + sourceStride);
        Vector128<float> r2 = Vector128.Load(source + (2 * sourceStride));
        Vector128<float> r3 = Vector128.Load(source + (3 * sourceStride));
        Vector128<float> low01 = Sse.UnpackLow(r0, r1), high01 = Sse.UnpackHigh(r0, r1);
        Vector128<float> low23 = Sse.UnpackLow(r2, r3), high23 = Sse.UnpackHigh(r2, r3);
        Sse.MoveLowToHigh(low01, low23).Store(destination);
        Sse.MoveHighToLow(low23, low01).Store(destination + destinationStride);
        Sse.MoveLowToHigh(high01, high23).Store(destination + (2 * destinationStride));
        Sse.MoveHighToLow(high23, high01).Store(destination + (3 * destinationStride));
    }
}
