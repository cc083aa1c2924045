using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace RecallCluster.Serving.Gateway;

/// <summary>Sets of small whole numbers, a bit for each, 64 to a word.</summary>
internal static class Bits
{
    private const int WordBits = 64;

    /// <summary>Words for the numbers 0 to <paramref name="count"/> - 1.</summary>
    public static int Words(int count) => (count + WordBits - 1) / WordBits;

    /// <summary>Whether the set has a number; a number beyond its words is not in it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Has(ReadOnlySpan<ulong> set, int number) =>
        (uint)(number >> 6) < (uint)set.Length && (set[number >> 6] & (1UL << number)) != 0;

    public static void Add(Span<ulong> set, int number) => set[number >> 6] |= 1UL << number;

    public static void Remove(Span<ulong> set, int number) => set[number >> 6] &= ~(1UL << number);

    /// <summary>Keeps what the other set has too; it may be shorter.</summary>
    public static void Keep(Span<ulong> set, ReadOnlySpan<ulong> other)
    {
        int common = Math.Min(set.Length, other.Length);
        TensorPrimitives.BitwiseAnd(set[..common], other[..common], set[..common]);
        set[common..].Clear();
    }

    /// <summary>Adds what the other set has; it is not longer.</summary>
    public static void AddAll(Span<ulong> set, ReadOnlySpan<ulong> other) =>
        TensorPrimitives.BitwiseOr(set[..other.Length], other, set[..other.Length]);

    public static bool IsEmpty(ReadOnlySpan<ulong> set) => !set.ContainsAnyExcept(0UL);

    /// <summary>All numbers below <paramref name="count"/>.</summary>
    public static ulong[] Full(int count)
    {
        var set = new ulong[Words(count)];
        set.AsSpan().Fill(ulong.MaxValue);
        if (count % WordBits != 0)
            set[^1] = (1UL << (count % WordBits)) - 1;
        return set;
    }
}
