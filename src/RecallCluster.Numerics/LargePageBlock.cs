namespace RecallCluster.Numerics;

/// <summary>
/// A block for tables that are read at random: it asks the system for large pages (2 MiB). With pages of 4 KiB a table of hundreds of
/// megabytes misses the processor's page cache at every access, which costs the folded scorer more than a tenth of its speed.
/// </summary>
/// <remarks>
/// Advice only (Linux, transparent huge pages set to <c>madvise</c> or <c>always</c>): where it is not heeded, the block works the same.
/// </remarks>
public sealed unsafe class LargePageBlock<T> : IDisposable
    where T : unmanaged
{
    private readonly LargePageMemory _memory;

    /// <summary>A zeroed block of <paramref name="length"/> values.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public LargePageBlock(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _memory = new LargePageMemory((nuint)length * (nuint)sizeof(T));
        Block = new NativeBlock<T>((T*)_memory.Pointer, length, _memory);
    }

    /// <summary>The values; usable until this is disposed.</summary>
    public NativeBlock<T> Block { get; }

    /// <summary>Whether the system took the advice; it may still give small pages where memory is fragmented.</summary>
    public bool IsAdvised => _memory.Advised;

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Block.Dispose();
        _memory.Dispose();
    }
}
