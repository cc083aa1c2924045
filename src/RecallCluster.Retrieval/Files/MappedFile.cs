using System.IO.MemoryMappedFiles;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Files;

/// <summary>A whole file mapped into memory for reading.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private bool _disposed;

    /// <exception cref="IOException">The file cannot be opened or mapped.</exception>
    public MappedFile(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 1);
        Length = stream.Length;

        // The mapping keeps the file open for itself.
        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Pointer = start + _view.PointerOffset;
    }

    public byte* Pointer { get; private set; }

    public long Length { get; }

    /// <summary>The values from byte <paramref name="offset"/> on; they stay mapped until this object is disposed.</summary>
    public NativeBlock<T> Block<T>(long offset, long length)
        where T : unmanaged => new((T*)(Pointer + offset), length, this);

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        Pointer = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
