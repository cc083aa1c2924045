namespace RecallCluster.Calibration.Counts;

/// <summary>
/// Counts as bytes, to travel between processes: "RCCT", version 1, the non-empty cells (index u16, weight i64, positives u128,
/// predictions u128), CRC-32C. Lossless: the counts read are equal to the counts written.
/// </summary>
public static class CountsFormat
{
    private const string Magic = "RCCT";
    private const int Version = 1;
    private const string What = "Calibration counts";

    /// <summary>The bytes of <paramref name="counts"/>.</summary>
    public static byte[] ToBytes(ContextCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return BinaryFrame.Write(Magic, Version, writer =>
        {
            IReadOnlyList<string> contexts = counts.Contexts;
            writer.Write(contexts.Count);
            foreach (string context in contexts)
            {
                writer.Write(context);
                WriteCells(writer, counts.At(context));
            }
        });
    }

    /// <summary>The counts that <paramref name="bytes"/> hold.</summary>
    /// <exception cref="InvalidDataException">The bytes are not whole, intact counts; the message names the check that failed.</exception>
    public static ContextCounts FromBytes(ReadOnlySpan<byte> bytes) =>
        BinaryFrame.Read(Magic, Version, What, bytes, reader =>
        {
            var counts = new ContextCounts();
            int contexts = reader.ReadInt32();
            for (int i = 0; i < contexts; i++)
            {
                string context = reader.ReadString();
                ReadCells(reader, counts.At(context), context);
            }
            return counts;
        });

    private static void WriteCells(BinaryWriter writer, CalibrationCounts counts)
    {
        var cells = counts.NonEmptyCells().ToList();
        writer.Write(cells.Count);
        foreach ((int index, CalibrationCounts.Cell cell) in cells)
        {
            writer.Write((ushort)index);
            writer.Write(cell.Weight);
            Write(writer, cell.Positives);
            Write(writer, cell.Predictions);
        }
    }

    private static void ReadCells(BinaryReader reader, CalibrationCounts counts, string context)
    {
        int cells = reader.ReadInt32();
        int previous = -1;
        for (int i = 0; i < cells; i++)
        {
            int index = reader.ReadUInt16();
            long weight = reader.ReadInt64();
            UInt128 positives = Read(reader), predictions = Read(reader);
            if (index <= previous || index >= LogitGrid.Cells)
                throw new InvalidDataException($"{What}: context '{context}': cell {index} follows cell {previous}.");
            if (weight <= 0 || positives > CalibrationCounts.LargestSum(weight) || predictions > CalibrationCounts.LargestSum(weight))
                throw new InvalidDataException($"{What}: context '{context}': the sums of cell {index} do not fit its weight.");
            counts.AddUnits(index, weight, positives, predictions);
            previous = index;
        }
    }

    private static void Write(BinaryWriter writer, UInt128 value)
    {
        writer.Write((ulong)value);
        writer.Write((ulong)(value >> 64));
    }

    private static UInt128 Read(BinaryReader reader)
    {
        ulong low = reader.ReadUInt64();
        return new UInt128(reader.ReadUInt64(), low);
    }
}
