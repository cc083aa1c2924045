using System.Runtime.CompilerServices;

namespace RecallCluster.Numerics;

/// <summary>
/// A visited set of one bit per ordinal, for reuse from search to search: it notes each 64-bit word that it touches first, and empties
/// itself by zeroing only those (or all of them, where that is less work). One million ordinals are 125 KB, which stays in a core's cache.
/// A mutable struct: hold it in a field or pass it by reference.
/// </summary>
public unsafe struct VisitedBitmap : IVisitedSet
{
    // Zeroing a word through the list costs about as much as zeroing this many in a row.
    private const int SequentialGain = 8;

    // Pinned arrays: the pointers below look into them, and the collector frees them with the last copy of this struct.
    private ulong[]? _wordArray;
    private int[]? _touchedArray;
    private ulong* _words;
    private int* _touched;
    private int _touchedCount;

    /// <inheritdoc/>
    public void Begin(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int words = (int)(((long)count + 63) >> 6);
        if (_wordArray is null || _wordArray.Length < words)
        {
            _wordArray = GC.AllocateArray<ulong>(Math.Max(1, words), pinned: true);
            _touchedArray = GC.AllocateUninitializedArray<int>(words + 1, pinned: true);
            _words = (ulong*)Unsafe.AsPointer(ref _wordArray[0]);
            _touched = (int*)Unsafe.AsPointer(ref _touchedArray[0]);
            _touchedCount = 0;
        }
        else
        {
            Clear();
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Add(int ordinal)
    {
        ulong* word = _words + (ordinal >> 6);
        ulong bit = 1UL << ordinal;
        ulong before = *word;
        _touched[_touchedCount] = ordinal >> 6;
        _touchedCount += before == 0 ? 1 : 0;
        *word = before | bit;
        return (before & bit) == 0;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool Contains(int ordinal) => (_words[ordinal >> 6] & (1UL << ordinal)) != 0;

    /// <inheritdoc/>
    /// <remarks>Free of branches on the data: whether a neighbour is new is what a branch predictor cannot know.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int AddRow(int* row, int length, int* destination)
    {
        ulong* words = _words;
        int* touched = _touched;
        int touchedCount = _touchedCount, written = 0;
        for (int i = 0; i < length; i++)
        {
            int ordinal = row[i];
            ulong* word = words + (ordinal >> 6);
            ulong bit = 1UL << ordinal;
            ulong before = *word;
            destination[written] = ordinal;
            written += (before & bit) == 0 ? 1 : 0;
            touched[touchedCount] = ordinal >> 6;
            touchedCount += before == 0 ? 1 : 0;
            *word = before | bit;
        }
        _touchedCount = touchedCount;
        return written;
    }

    private void Clear()
    {
        int words = _wordArray!.Length;
        if ((long)_touchedCount * SequentialGain >= words)
        {
            System.Runtime.InteropServices.NativeMemory.Clear(_words, (nuint)words * sizeof(ulong));
        }
        else
        {
            for (int i = 0; i < _touchedCount; i++)
                _words[_touched[i]] = 0;
        }
        _touchedCount = 0;
    }
}
