using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Guided;

/// <summary>
/// The scores of the ads that a request met on upper layers, so that meeting them again further down costs no scoring. Holds
/// <see cref="TopKKey"/>s, both in the order of scoring and in an open-addressing table by ordinal (load at most one half).
/// </summary>
internal unsafe struct ScoreCache
{
    private const int InitialSlots = 1 << 12;

    // One-hash Bloom filter, 16 bits a slot: nearly all ads asked for are not here, and a set that fits the first-level cache says so.
    private const int FilterBitsPerSlot = 16;
    private PinnedBuffer<ulong> _log;
    private PinnedBuffer<ulong> _filter;

    // 0 is free: it would be the key of ordinal -1.
    private PinnedBuffer<ulong> _slots;
    private int _slotCount;
    private int _shift;

    /// <summary>Number of scores held.</summary>
    public int Count { get; private set; }

    /// <summary>The keys in the order in which they came.</summary>
    public readonly ReadOnlySpan<ulong> Keys => _log.Span(Count);

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        if (_slotCount == 0)
            Allocate(InitialSlots);
        else if (Count > 0)
            Empty();
        Count = 0;
    }

    /// <summary>Remembers the score of an ad that is not in the cache.</summary>
    public void Add(int ordinal, float score)
    {
        if (2 * (Count + 1) > _slotCount)
            Grow();
        ulong key = TopKKey.Pack(score, ordinal);
        _log.Reserve(Count + 1, Count);
        _log.Pointer[Count++] = key;
        Enter(ordinal, key);
    }

    /// <summary>Whether <paramref name="ordinal"/> may be here; when not, it is not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool MayHold(int ordinal)
    {
        uint bit = FilterBit(ordinal);
        return (_filter.Pointer[bit >> 6] & (1UL << (int)bit)) != 0;
    }

    /// <summary>The key of <paramref name="ordinal"/>, or 0 when it was not scored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Lookup(int ordinal) => *Find(ordinal);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ulong* Find(int ordinal)
    {
        uint at = ((uint)ordinal * 2654435769u) >> _shift;
        ulong* slots = _slots.Pointer;
        while (slots[at] != 0 && (uint)slots[at] != ~(uint)ordinal)
            at = (at + 1) & (uint)(_slotCount - 1);
        return slots + at;
    }

    private void Grow()
    {
        Allocate(2 * _slotCount);
        foreach (ulong key in Keys)
            Enter(TopKKey.Ordinal(key), key);
    }

    private readonly void Enter(int ordinal, ulong key)
    {
        *Find(ordinal) = key;
        uint bit = FilterBit(ordinal);
        _filter.Pointer[bit >> 6] |= 1UL << (int)bit;
    }

    // The same product as for the slots, 4 bits longer: 16 bits of the filter for one slot.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly uint FilterBit(int ordinal) => ((uint)ordinal * 2654435769u) >> (_shift - 4);

    private void Allocate(int slots)
    {
        _slots.Reserve(slots);
        _filter.Reserve(slots * FilterBitsPerSlot / 64);
        _slotCount = slots;
        _shift = 32 - BitOperations.Log2((uint)slots);
        Empty();
    }

    private readonly void Empty()
    {
        NativeMemory.Clear(_slots.Pointer, (nuint)_slotCount * sizeof(ulong));
        NativeMemory.Clear(_filter.Pointer, (nuint)_slotCount * FilterBitsPerSlot / 8);
    }
}
