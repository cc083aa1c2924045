namespace RecallCluster.Numerics;

/// <summary>A <see cref="NativeBlock{T}"/> for a table that is read at random; large ones ask for large pages, as every block does.</summary>
public sealed class LargePageBlock<T> : IDisposable
    where T : unmanaged
{
    /// <summary>A zeroed block of <paramref name="length"/> values.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public LargePageBlock(long length) => Block = new NativeBlock<T>(length);

    /// <summary>The values; usable until this is disposed.</summary>
    public NativeBlock<T> Block { get; }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => Block.Dispose();
}
