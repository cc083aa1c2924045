using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace RecallCluster.Calibration.Counts;

/// <summary>
/// What a calibrator has to know of a log: per cell of the <see cref="LogitGrid"/> the impressions, the positives and the sum of
/// predictions. A mergeable sketch of fixed size, counted in constant time per impression.
/// </summary>
/// <remarks>
/// Every sum is an integer: weights in units of 2^-20 (a weight of 1 is exact), labels and predictions in units of 2^-62 per unit of
/// weight, in 128 bits. Integer addition is associative, so any split of a log over threads, shards or silos merges to the same
/// counts bit for bit, and a part can be taken out again exactly (<see cref="Subtract"/>: a sliding window, a label that is replaced).
/// Cells live in pages of 64 that appear on first use: a campaign with few impressions stays small. Not thread-safe: one writer each.
/// </remarks>
public sealed class CalibrationCounts : IEquatable<CalibrationCounts>
{
    /// <summary>The largest weight of one impression.</summary>
    public const double MaxWeight = 1 << 20;

    internal const int PageSize = 64;
    internal const int PageCount = LogitGrid.Cells / PageSize;
    private const int WeightBits = 20;
    private const int FractionBits = 62;
    private const double WeightScale = 1 << WeightBits;
    private const double FractionScale = 1L << FractionBits;
    private const long UnitWeight = 1L << WeightBits;
    private const double SumUnit = 1.0 / FractionScale / WeightScale;

    private readonly Cell[]?[] _pages = new Cell[PageCount][];

    internal struct Cell
    {
        public long Weight;
        public UInt128 Positives;
        public UInt128 Predictions;
    }

    /// <summary>Whether nothing has been counted (impressions of weight 0 count for nothing).</summary>
    public bool IsEmpty
    {
        get
        {
            for (int cell = 0; cell < LogitGrid.Cells; cell++)
            {
                if (WeightUnits(cell) != 0)
                    return false;
            }
            return true;
        }
    }

    /// <summary>Counts one impression in constant time.</summary>
    /// <param name="p">Raw prediction, in [0, 1].</param>
    /// <param name="y">Label in [0, 1]: 0 or 1, or a soft label.</param>
    /// <param name="weight">Weight in [0, <see cref="MaxWeight"/>], rounded to a multiple of 2^-20.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is NaN or outside its range; nothing was counted.</exception>
    /// <exception cref="OverflowException">The cell's weight would exceed 2^43 (8.8e12 impressions); nothing was counted.</exception>
    public void Add(double p, double y, double weight = 1)
    {
        int cell = LogitGrid.CellOf(p);
        if (!(y >= 0 && y <= 1))
            Probability.ThrowLabel(y);
        if (!(weight >= 0 && weight <= MaxWeight))
            Probability.ThrowWeight(weight, MaxWeight);
        ulong units = (ulong)Math.Round(weight * WeightScale);
        AddUnits(cell, (long)units, Scaled(y, units), Scaled(p, units));
    }

    /// <summary>Counts impressions of weight 1 with labels 0 or 1: the fast path over a log.</summary>
    /// <exception cref="ArgumentException">The spans differ in length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A prediction is NaN or outside [0, 1], or a label is neither 0 nor 1; the impressions before it have been counted.
    /// </exception>
    /// <exception cref="OverflowException">A cell's weight would exceed 2^43.</exception>
    public void Add(ReadOnlySpan<double> predictions, ReadOnlySpan<byte> labels)
    {
        if (predictions.Length != labels.Length)
            throw new ArgumentException($"{predictions.Length} predictions but {labels.Length} labels.");
        for (int i = 0; i < predictions.Length; i++)
        {
            double p = predictions[i];
            if (!(p >= 0 && p <= 1))
                Probability.ThrowOutside(p, i);
            byte y = labels[i];
            if (y > 1)
                Probability.ThrowLabel(y);
            ref Cell cell = ref CellAt(LogitGrid.CellOf(p));
            long weight = cell.Weight + UnitWeight;
            if (weight < 0)
                ThrowOverflow();
            ulong fraction = (ulong)(long)(p * FractionScale);
            cell.Weight = weight;
            cell.Positives += new UInt128((ulong)y << (FractionBits + WeightBits - 64), 0);
            cell.Predictions += new UInt128(fraction >> (64 - WeightBits), fraction << WeightBits);
        }
    }

    /// <summary>Replaces the label of an impression counted before, exactly (a soft label by what really happened).</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is NaN or outside its range.</exception>
    /// <exception cref="InvalidOperationException">No such impression can have been counted; the counts are unchanged.</exception>
    public void ReplaceLabel(double p, double oldLabel, double newLabel, double weight = 1)
    {
        int cell = LogitGrid.CellOf(p);
        if (!(oldLabel >= 0 && oldLabel <= 1))
            Probability.ThrowLabel(oldLabel);
        if (!(newLabel >= 0 && newLabel <= 1))
            Probability.ThrowLabel(newLabel);
        if (!(weight >= 0 && weight <= MaxWeight))
            Probability.ThrowWeight(weight, MaxWeight);
        ulong units = (ulong)Math.Round(weight * WeightScale);
        UInt128 old = Scaled(oldLabel, units);
        ref Cell target = ref CellAt(cell);
        if (target.Weight < (long)units || target.Positives < old)
            throw new InvalidOperationException(
                $"No impression with prediction {p}, label {oldLabel} and weight {weight} has been counted.");
        target.Positives = target.Positives - old + Scaled(newLabel, units);
    }

    /// <summary>Adds the counts of another part of the traffic; exact, in any order.</summary>
    /// <exception cref="OverflowException">A cell would exceed 2^43; the counts are unchanged.</exception>
    public void Merge(CalibrationCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (int cell = 0; cell < LogitGrid.Cells; cell++)
        {
            if (WeightUnits(cell) + other.WeightUnits(cell) < 0)
                ThrowOverflow();
        }
        foreach ((int index, Cell part) in other.NonEmptyCells())
            AddUnits(index, part.Weight, part.Positives, part.Predictions);
    }

    /// <summary>Takes out a part that was merged before (the oldest hour of a sliding window); exact.</summary>
    /// <exception cref="InvalidOperationException">The part is not contained in these counts; they are unchanged.</exception>
    public void Subtract(CalibrationCounts part)
    {
        ArgumentNullException.ThrowIfNull(part);
        foreach ((int index, Cell taken) in part.NonEmptyCells())
        {
            Cell[]? page = _pages[index / PageSize];
            Cell whole = page is null ? default : page[index % PageSize];
            if (whole.Weight < taken.Weight || whole.Positives < taken.Positives || whole.Predictions < taken.Predictions)
                throw new InvalidOperationException($"Cell {index} of the part taken out holds more than these counts do.");
        }
        foreach ((int index, Cell taken) in part.NonEmptyCells())
        {
            ref Cell whole = ref CellAt(index);
            whole.Weight -= taken.Weight;
            whole.Positives -= taken.Positives;
            whole.Predictions -= taken.Predictions;
        }
    }

    /// <summary>A copy that can be changed on its own.</summary>
    public CalibrationCounts Copy()
    {
        var copy = new CalibrationCounts();
        for (int page = 0; page < PageCount; page++)
            copy._pages[page] = (Cell[]?)_pages[page]?.Clone();
        return copy;
    }

    /// <summary>The cells that hold anything, as floating-point sums, in ascending order of prediction.</summary>
    public CellSummary[] Summarise()
    {
        var cells = new List<CellSummary>();
        foreach ((int index, Cell cell) in NonEmptyCells())
        {
            double weight = cell.Weight / WeightScale;
            cells.Add(new CellSummary(index, weight, (double)cell.Positives * SumUnit, (double)cell.Predictions * SumUnit));
        }
        return [.. cells];
    }

    /// <inheritdoc/>
    public bool Equals(CalibrationCounts? other)
    {
        if (other is null)
            return false;
        for (int index = 0; index < LogitGrid.Cells; index++)
        {
            Cell a = Peek(index), b = other.Peek(index);
            if (a.Weight != b.Weight || a.Positives != b.Positives || a.Predictions != b.Predictions)
                return false;
        }
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CalibrationCounts);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach ((int index, Cell cell) in NonEmptyCells())
            hash.Add(HashCode.Combine(index, cell.Weight, cell.Positives, cell.Predictions));
        return hash.ToHashCode();
    }

    internal IEnumerable<(int Index, Cell Cell)> NonEmptyCells()
    {
        for (int page = 0; page < PageCount; page++)
        {
            Cell[]? cells = _pages[page];
            if (cells is null)
                continue;
            for (int i = 0; i < PageSize; i++)
            {
                if (cells[i].Weight != 0)
                    yield return ((page * PageSize) + i, cells[i]);
            }
        }
    }

    internal void AddUnits(int index, long weight, UInt128 positives, UInt128 predictions)
    {
        ref Cell cell = ref CellAt(index);
        long sum = cell.Weight + weight;
        if (sum < 0)
            ThrowOverflow();
        cell.Weight = sum;
        cell.Positives += positives;
        cell.Predictions += predictions;
    }

    /// <summary>The largest value that a cell's label or prediction sum can have for this weight (each is at most the weight).</summary>
    internal static UInt128 LargestSum(long weight) => (UInt128)(ulong)weight << FractionBits;

    // The fraction is cut, not rounded, at 2^-62: the same cut for the same sample, whoever counts it.
    private static UInt128 Scaled(double value, ulong weight) => (UInt128)(ulong)(long)(value * FractionScale) * weight;

    private Cell Peek(int index) => _pages[index / PageSize] is { } page ? page[index % PageSize] : default;

    private long WeightUnits(int index) => Peek(index).Weight;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Cell CellAt(int index)
    {
        Cell[] page = _pages[index / PageSize] ?? NewPage(index / PageSize);
        return ref page[index % PageSize];
    }

    private Cell[] NewPage(int page) => _pages[page] = new Cell[PageSize];

    [DoesNotReturn]
    private static void ThrowOverflow() =>
        throw new OverflowException("A cell of the calibration counts would exceed 2^43 impressions; start a new window.");
}
