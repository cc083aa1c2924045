using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RecallCluster.Numerics;

/// <summary>
/// A block of unmanaged values, 64-byte aligned, that never moves: either allocated here, or a section of a memory-mapped file that an
/// owner keeps open. Kernels take its <see cref="Pointer"/>; everyone else takes spans.
/// </summary>
/// <remarks>
/// A block of 8 MiB or more asks the system for large pages of 2 MiB (Linux, transparent huge pages set to <c>madvise</c> or
/// <c>always</c>): with pages of 4 KiB a table that is read at random misses the processor's page cache at every access. Advice only:
/// where it is not heeded, the block works the same.
/// </remarks>
public sealed unsafe class NativeBlock<T> : IDisposable
    where T : unmanaged
{
    private readonly bool _owned;
    private readonly IDisposable? _owner;

    /// <summary>A zeroed block of <paramref name="length"/> values.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public NativeBlock(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        nuint bytes = (nuint)Math.Max(1, length) * (nuint)sizeof(T);
        Pointer = (T*)NativePages.Allocate(bytes);
        Length = length;
        _owned = true;
        GC.AddMemoryPressure((long)bytes);
    }

    /// <summary>A view of memory that <paramref name="owner"/> keeps alive; disposing the view leaves the memory to the owner.</summary>
    public NativeBlock(T* pointer, long length, IDisposable? owner)
    {
        Pointer = pointer;
        Length = length;
        _owner = owner;
    }

    /// <summary>Frees the memory of a block that was dropped without being disposed.</summary>
    ~NativeBlock() => Release();

    /// <summary>The first value; valid until disposal (null afterwards).</summary>
    public T* Pointer { get; private set; }

    /// <summary>Number of values.</summary>
    public long Length { get; }

    /// <summary>The value at <paramref name="index"/>; not bounds-checked outside debug builds.</summary>
    public ref T this[long index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            System.Diagnostics.Debug.Assert((ulong)index < (ulong)Length, "index outside the block");
            return ref Pointer[index];
        }
    }

    /// <summary>A span over <paramref name="length"/> values from <paramref name="start"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the block.</exception>
    public Span<T> Span(long start, int length)
    {
        ObjectDisposedException.ThrowIf(Pointer == null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + length, Length);
        return new Span<T>(Pointer + start, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        if (_owned && Pointer != null)
        {
            NativeMemory.AlignedFree(Pointer);
            GC.RemoveMemoryPressure(Math.Max(1, Length) * sizeof(T));
        }
        Pointer = null;
        GC.KeepAlive(_owner);
    }
}
