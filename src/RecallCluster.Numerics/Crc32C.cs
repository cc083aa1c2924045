using System.Numerics;
using System.Runtime.InteropServices;

namespace RecallCluster.Numerics;

/// <summary>CRC-32C (Castagnoli), by the processor's instruction where it has one.</summary>
public static class Crc32C
{
    /// <summary>The state before any byte.</summary>
    public const uint Start = uint.MaxValue;

    /// <summary>The state after more bytes; <see cref="Finish"/> turns it into the checksum.</summary>
    public static uint Update(uint state, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
            state = BitOperations.Crc32C(state, word);
        foreach (byte rest in bytes[(words.Length * sizeof(ulong))..])
            state = BitOperations.Crc32C(state, rest);
        return state;
    }

    /// <summary>The checksum of the bytes that led to a state.</summary>
    public static uint Finish(uint state) => ~state;

    /// <summary>The checksum of some bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => Finish(Update(Start, bytes));
}
