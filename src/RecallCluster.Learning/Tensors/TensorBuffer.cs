using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RecallCluster.Learning.Tensors;

/// <summary>
/// Storage of one or several tensors: a pinned array that starts on a cache line. It is an array rather than native memory so that a span
/// over it keeps it alive. <see cref="References"/> counts the tensors that share it while gradients are being summed.
/// </summary>
internal sealed class TensorBuffer
{
    private const int CacheLine = 64;

    // Large buffers start at different places within a page. Where a loop reads and writes several at equal offsets, the processor would
    // otherwise take a load for one that depends on a store to another buffer with the same low twelve address bits.
    private const int PageColors = 16, ColorStep = 4096 / PageColors, SmallCapacity = 1024;
    private static int _color;

    private readonly float[] _array;
    private readonly int _offset;

    /// <summary>Room for <paramref name="capacity"/> values, contents undefined.</summary>
    public TensorBuffer(int capacity)
    {
        int shift = capacity <= SmallCapacity ? 0 : (Interlocked.Increment(ref _color) & (PageColors - 1)) * ColorStep;
        _array = GC.AllocateUninitializedArray<float>(checked(capacity + ((shift + CacheLine) / sizeof(float)) - 1), pinned: true);
        Capacity = capacity;
        unsafe
        {
            nuint address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_array));
            _offset = (int)(((CacheLine - (address % CacheLine)) % CacheLine) + (nuint)shift) / sizeof(float);
        }
    }

    /// <summary>Number of values that fit.</summary>
    public int Capacity { get; }

    /// <summary>Number of tensors that use it; 0 while it lies in an arena's pool.</summary>
    public int References { get; set; }

    /// <summary>The first <paramref name="length"/> values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<float> Span(int length) => _array.AsSpan(_offset, length);
}
