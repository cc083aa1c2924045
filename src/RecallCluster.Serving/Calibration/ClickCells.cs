using System.Runtime.InteropServices;
using RecallCluster.Calibration.Counts;

namespace RecallCluster.Serving.Calibration;

/// <summary>
/// Impressions and clicks by cell of the <see cref="LogitGrid"/>. Impressions are counted when they happen and labelled when they are
/// clicked; a label
/// never exceeds the impressions of its cell. Not thread-safe.
/// </summary>
internal sealed class ClickCells
{
    // Cell (u16), impressions (i32), clicks (i32), sum of predictions (f64).
    private const int Bytes = 18;

    private readonly Dictionary<int, Cell> _cells = [];

    private struct Cell
    {
        public int Impressions;
        public int Clicks;
        public double Predictions;
    }

    /// <summary>Counts an impression.</summary>
    public void Show(double p)
    {
        ref Cell cell = ref CellOf(p);
        cell.Impressions++;
        cell.Predictions += p;
    }

    /// <summary>Labels an impression as clicked.</summary>
    /// <returns>False when the cell holds no impression without a click: the click came first.</returns>
    public bool Click(double p)
    {
        ref Cell cell = ref CellOf(p);
        if (cell.Clicks >= cell.Impressions)
            return false;
        cell.Clicks++;
        return true;
    }

    /// <summary>Adds everything to the counts that calibrators are fitted to.</summary>
    public void AddTo(CalibrationCounts counts)
    {
        foreach (int key in _cells.Keys.Order())
        {
            Cell cell = _cells[key];
            if (cell.Impressions > 0)
                counts.Add(Math.Min(1, cell.Predictions / cell.Impressions), (double)cell.Clicks / cell.Impressions,
                    Math.Min(cell.Impressions, CalibrationCounts.MaxWeight));
        }
    }

    /// <summary>The counts as bytes, in order of the cells.</summary>
    public byte[] ToBytes()
    {
        int[] keys = [.. _cells.Keys.Order()];
        var bytes = new byte[keys.Length * Bytes];
        for (int i = 0; i < keys.Length; i++)
        {
            Span<byte> place = bytes.AsSpan(i * Bytes, Bytes);
            Cell cell = _cells[keys[i]];
            BitConverter.TryWriteBytes(place, (ushort)keys[i]);
            BitConverter.TryWriteBytes(place[2..], cell.Impressions);
            BitConverter.TryWriteBytes(place[6..], cell.Clicks);
            BitConverter.TryWriteBytes(place[10..], cell.Predictions);
        }
        return bytes;
    }

    /// <summary>Reads counts.</summary>
    /// <exception cref="InvalidDataException">The bytes are no counts.</exception>
    public static ClickCells Read(ReadOnlySpan<byte> bytes)
    {
        var cells = new ClickCells();
        if (bytes.Length % Bytes != 0)
            throw new InvalidDataException($"{bytes.Length} bytes are no whole number of click counts.");
        for (; !bytes.IsEmpty; bytes = bytes[Bytes..])
        {
            var cell = new Cell
            {
                Impressions = BitConverter.ToInt32(bytes[2..]),
                Clicks = BitConverter.ToInt32(bytes[6..]),
                Predictions = BitConverter.ToDouble(bytes[10..]),
            };
            int key = BitConverter.ToUInt16(bytes);
            if (key >= LogitGrid.Cells || cell.Clicks < 0 || cell.Clicks > cell.Impressions || !(cell.Predictions >= 0))
                throw new InvalidDataException($"The click counts of cell {key} make no sense.");
            cells._cells[key] = cell;
        }
        return cells;
    }

    private ref Cell CellOf(double p) => ref CollectionsMarshal.GetValueRefOrAddDefault(_cells, LogitGrid.CellOf(p), out _);
}
