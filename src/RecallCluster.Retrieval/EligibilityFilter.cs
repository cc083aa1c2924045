using System.Numerics;
using System.Runtime.CompilerServices;

namespace RecallCluster.Retrieval;

/// <summary>
/// The set of ads that may be returned, one bit per ordinal. Ordinals at or above <see cref="Length"/> are not eligible. Any number of
/// searches may read it at once, but it must not change while one does.
/// </summary>
public sealed unsafe class EligibilityFilter
{
    private readonly ulong[] _words;

    /// <summary>A filter over ordinals 0 to <paramref name="length"/> - 1.</summary>
    /// <param name="length">Number of ads.</param>
    /// <param name="allowed">Whether all are eligible at first, or none.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    public EligibilityFilter(int length, bool allowed = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        // Pinned: a search reads it through a pointer.
        _words = GC.AllocateArray<ulong>((int)(((long)length + 63) / 64) + 1, pinned: true);
        Words = (ulong*)Unsafe.AsPointer(ref _words[0]);
        if (!allowed)
            return;
        _words.AsSpan(0, length / 64).Fill(ulong.MaxValue);
        _words[length / 64] = (1UL << (length % 64)) - 1;
        AllowedCount = length;
    }

    /// <summary>Number of ads that the filter speaks about.</summary>
    public int Length { get; }

    /// <summary>Number of eligible ads.</summary>
    public int AllowedCount { get; private set; }

    internal ulong* Words { get; }

    /// <summary>Whether an ad is eligible.</summary>
    public bool this[int ordinal]
    {
        get => (uint)ordinal < (uint)Length && (_words[ordinal >> 6] & (1UL << ordinal)) != 0;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(ordinal);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(ordinal, Length);
            ref ulong word = ref _words[ordinal >> 6];
            int before = BitOperations.PopCount(word);
            word = value ? word | (1UL << ordinal) : word & ~(1UL << ordinal);
            AllowedCount += BitOperations.PopCount(word) - before;
        }
    }
}
