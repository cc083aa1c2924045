using System.Runtime.CompilerServices;

namespace RecallCluster.Calibration.Counts;

/// <summary>
/// The one fixed grid that all counts are kept on: 4,096 cells of logit p, each 1/128 wide, from -16 to 16 (p from 1.1e-7 to 1 - 1.1e-7;
/// what lies beyond falls into the outermost cell). Everyone counts into the same cells, so counts of any two parts of the traffic add up.
/// </summary>
/// <remarks>
/// A cell is found without a logarithm: the exponent and the top eight mantissa bits of p give a starting cell, at most two comparisons
/// with exact edges finish it. The upper half mirrors the lower one (1 - p is exact for p of at least 0.5), which keeps the cells fine near
/// 1.
/// </remarks>
public static class LogitGrid
{
    /// <summary>Number of cells.</summary>
    public const int Cells = 4096;

    /// <summary>The grid spans logits from minus this to plus this.</summary>
    public const double MaxLogit = 16;

    private const int Half = Cells / 2;
    private const double CellsPerLogit = Cells / (2 * MaxLogit);
    private const int DroppedBits = 44;
    private const double TableStart = 1.0 / (1 << 24);

    private static readonly double[] Edges = LowerEdges();
    private static readonly long TableBase = BitConverter.DoubleToInt64Bits(TableStart) >> DroppedBits;
    private static readonly ushort[] StartingCell = StartingCells();

    /// <summary>The cell of prediction <paramref name="p"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="p"/> is NaN or outside [0, 1].</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CellOf(double p)
    {
        if (!(p >= 0 && p <= 1))
            Probability.ThrowOutside(p);
        return p < 0.5 ? LowerCellOf(p) : Cells - 1 - LowerCellOf(1 - p);
    }

    /// <summary>
    /// Lower edge of <paramref name="cell"/> (0 for the first); the upper edge is the next cell's lower one, 1 for the last.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="cell"/> is not in [0, <see cref="Cells"/>].</exception>
    public static double LowerEdge(int cell)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cell);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cell, Cells);
        if (cell == 0)
            return 0;
        if (cell == Cells)
            return 1;
        return cell <= Half ? Edges[cell] : 1 - Edges[Cells - cell];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int LowerCellOf(double q)
    {
        if (q < TableStart)
            return 0;
        int cell = StartingCell[(int)((BitConverter.DoubleToInt64Bits(q) >> DroppedBits) - TableBase)];
        while (cell < Half - 1 && q >= Edges[cell + 1])
            cell++;
        return cell;
    }

    // Edges are rounded to single precision: the last bit of exp differs between C libraries, a cell's edge must not.
    private static double[] LowerEdges()
    {
        var edges = new double[Half + 1];
        for (int cell = 0; cell <= Half; cell++)
            edges[cell] = (float)(1 / (1 + Math.Exp(MaxLogit - (cell / CellsPerLogit))));
        return edges;
    }

    private static ushort[] StartingCells()
    {
        int entries = (int)((BitConverter.DoubleToInt64Bits(0.5) >> DroppedBits) - TableBase) + 1;
        var table = new ushort[entries];
        int cell = 0;
        for (int entry = 0; entry < entries; entry++)
        {
            double start = BitConverter.Int64BitsToDouble((TableBase + entry) << DroppedBits);
            while (cell < Half - 1 && start >= Edges[cell + 1])
                cell++;
            table[entry] = (ushort)cell;
        }
        return table;
    }
}
