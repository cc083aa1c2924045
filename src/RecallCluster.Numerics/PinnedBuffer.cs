using System.Runtime.CompilerServices;

namespace RecallCluster.Numerics;

/// <summary>
/// Growable scratch memory that never moves while it keeps its size: a pinned array and a pointer to it, freed by the collector. The
/// contents start undefined. A mutable struct: hold it in a field or pass it by reference.
/// </summary>
public unsafe struct PinnedBuffer<T>
    where T : unmanaged
{
    private T[]? _array;

    /// <summary>The first value; null before the first <see cref="Reserve"/>. Changes when the buffer grows.</summary>
    public T* Pointer { get; private set; }

    /// <summary>Number of values there is room for.</summary>
    public readonly int Capacity => _array?.Length ?? 0;

    /// <summary>
    /// Makes room for <paramref name="capacity"/> values, keeping the first <paramref name="keep"/>; at least doubles when it grows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Reserve(int capacity, int keep = 0)
    {
        if (capacity > Capacity)
            Grow(capacity, keep);
    }

    /// <summary>A span over the first <paramref name="length"/> values.</summary>
    public readonly Span<T> Span(int length) => new(_array, 0, length);

    private void Grow(int capacity, int keep)
    {
        int room = (int)Math.Min(Array.MaxLength, Math.Max(capacity, 2L * Capacity));
        T[] larger = GC.AllocateUninitializedArray<T>(room, pinned: true);
        _array?.AsSpan(0, keep).CopyTo(larger);
        _array = larger;
        Pointer = (T*)Unsafe.AsPointer(ref larger[0]);
    }
}
