using System.Runtime.InteropServices;
using RecallCluster.Numerics;
using RecallCluster.TorchScoring.Devices;
using TorchSharp;

namespace RecallCluster.TorchScoring.Models;

/// <summary>Puts rows of the host's memory on the device, with a row of zeros behind the last: the one of padding.</summary>
internal static class AdTable
{
    private const int ChunkRows = 1 << 16;

    /// <summary>A part of each row as floats: [rows + 1, <paramref name="length"/>].</summary>
    /// <param name="device">Where, and as which numbers.</param>
    /// <param name="block">Rows of <paramref name="stride"/> floats.</param>
    /// <param name="rows">Their number.</param>
    /// <param name="stride">Floats of a row.</param>
    /// <param name="length">Leading floats of a row that are wanted.</param>
    public static torch.Tensor Floats(TorchDevice device, NativeBlock<float> block, int rows, int stride, int length)
    {
        using var parts = new Parts();
        torch.Tensor table = parts.Add(torch.zeros(rows + 1L, length, dtype: device.Floats, device: device.Device));
        using torch.Tensor staging = device.Staging((long)Math.Min(rows, ChunkRows) * length, torch.ScalarType.Float32);
        for (int start = 0; start < rows; start += ChunkRows)
        {
            int count = Math.Min(ChunkRows, rows - start);
            Span<float> target = MemoryMarshal.Cast<byte, float>(staging.bytes);
            for (int row = 0; row < count; row++)
                block.Span((long)(start + row) * stride, length).CopyTo(target[(row * length)..]);
            using torch.Tensor filled = staging.narrow(0, 0, (long)count * length), shaped = filled.view(count, length);
            using torch.Tensor place = table.narrow(0, start, count);
            // Not asynchronous: the staging is filled anew at once.
            place.copy_(shaped);
        }
        parts.Keep();
        return table;
    }

    /// <summary>
    /// Integers that stand in place of floats in each row, column by column: int32, [<paramref name="columns"/>, rows + 1].
    /// </summary>
    /// <param name="device">Where.</param>
    /// <param name="block">Rows of <paramref name="stride"/> floats.</param>
    /// <param name="rows">Their number.</param>
    /// <param name="stride">Floats of a row.</param>
    /// <param name="offset">Where the integers begin in a row.</param>
    /// <param name="columns">Their number.</param>
    public static torch.Tensor Integers(TorchDevice device, NativeBlock<float> block, int rows, int stride, int offset, int columns)
    {
        using var parts = new Parts();
        torch.Tensor table = parts.Add(torch.zeros(columns, rows + 1L, dtype: torch.ScalarType.Int32, device: device.Device));
        using torch.Tensor staging = device.Staging(Math.Min(rows, ChunkRows), torch.ScalarType.Int32);
        for (int column = 0; column < columns; column++)
        {
            for (int start = 0; start < rows; start += ChunkRows)
            {
                int count = Math.Min(ChunkRows, rows - start);
                Span<int> target = MemoryMarshal.Cast<byte, int>(staging.bytes);
                for (int row = 0; row < count; row++)
                    target[row] = BitConverter.SingleToInt32Bits(block[((long)(start + row) * stride) + offset + column]);
                using torch.Tensor filled = staging.narrow(0, 0, count);
                using torch.Tensor of = table.select(0, column), place = of.narrow(0, start, count);
                place.copy_(filled);
            }
        }
        parts.Keep();
        return table;
    }
}
