using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Files;

/// <summary>A whole file mapped into memory for reading.</summary>
internal sealed unsafe partial class MappedFile : IDisposable
{
    private const int AdviseNotNeeded = 4;
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

    /// <summary>Gives the pages that lie wholly within a range back to the system, where it takes advice (Linux).</summary>
    public static void Release(byte* start, long bytes)
    {
        if (!OperatingSystem.IsLinux())
            return;
        nint page = Environment.SystemPageSize;
        nint first = ((nint)start + page - 1) / page * page, end = ((nint)start + (nint)bytes) / page * page;
        if (end > first)
            _ = Advise((void*)first, (nuint)(end - first), AdviseNotNeeded); // Refused advice costs memory, nothing else.
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

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
