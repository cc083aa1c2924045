using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RecallCluster.Numerics;

/// <summary>
/// A visited set by open addressing with linear probing (load at most one half), the alternative that <see cref="VisitedBitmap"/> is
/// measured against: its memory follows the number of ordinals met instead of the number that exist. A mutable struct: hold it in a field
/// or pass it by reference.
/// </summary>
public unsafe struct VisitedHashSet : IVisitedSet
{
    private const int InitialSlots = 1 << 12;

    // A pinned array, which the pointer looks into. Slots hold ordinal + 1; 0 is free.
    private uint[]? _array;
    private uint* _slots;
    private int _shift;
    private int _mask;
    private int _count;

    /// <inheritdoc/>
    public void Begin(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (_array is null)
            Allocate(InitialSlots);
        else
            NativeMemory.Clear(_slots, (nuint)(_mask + 1) * sizeof(uint));
        _count = 0;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Add(int ordinal)
    {
        uint* slot = Find(ordinal);
        if (*slot != 0)
            return false;
        *slot = (uint)ordinal + 1;
        if (++_count > _mask >> 1)
            Grow();
        return true;
    }

    /// <inheritdoc/>
    public readonly bool Contains(int ordinal) => *Find(ordinal) != 0;

    /// <inheritdoc/>
    public int AddRow(int* row, int length, int* destination)
    {
        int written = 0;
        for (int i = 0; i < length; i++)
        {
            if (Add(row[i]))
                destination[written++] = row[i];
        }
        return written;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly uint* Find(int ordinal)
    {
        // Fibonacci hashing: the top bits of the product spread consecutive ordinals.
        uint at = ((uint)ordinal * 2654435769u) >> _shift;
        while (_slots[at] != 0 && _slots[at] != (uint)ordinal + 1)
            at = (at + 1) & (uint)_mask;
        return _slots + at;
    }

    private void Grow()
    {
        uint[] old = _array!;
        Allocate(2 * old.Length);
        foreach (uint entry in old)
        {
            if (entry != 0)
                *Find((int)(entry - 1)) = entry;
        }
    }

    private void Allocate(int slots)
    {
        _array = GC.AllocateArray<uint>(slots, pinned: true);
        _slots = (uint*)Unsafe.AsPointer(ref _array[0]);
        _mask = slots - 1;
        _shift = 32 - BitOperations.Log2((uint)slots);
    }
}
