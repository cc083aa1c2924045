using Microsoft.Win32.SafeHandles;

namespace RecallCluster.Learning.Files;

/// <summary>Bytes that are read at any place by any thread: a file's, or some in memory.</summary>
internal sealed class ByteSource : IDisposable
{
    private readonly SafeFileHandle? _handle;
    private readonly ReadOnlyMemory<byte> _bytes;

    /// <summary>A file, which is closed with this.</summary>
    public ByteSource(SafeFileHandle handle) => _handle = handle;

    /// <summary>Bytes in memory.</summary>
    public ByteSource(ReadOnlyMemory<byte> bytes) => _bytes = bytes;

    /// <summary>How many there are.</summary>
    public long Length => _handle is null ? _bytes.Length : RandomAccess.GetLength(_handle);

    /// <summary>Reads some bytes; none at the end.</summary>
    public int Read(Span<byte> target, long offset)
    {
        if (_handle is not null)
            return RandomAccess.Read(_handle, target, offset);
        ReadOnlySpan<byte> rest = _bytes.Span[(int)Math.Min(offset, _bytes.Length)..];
        int count = Math.Min(rest.Length, target.Length);
        rest[..count].CopyTo(target);
        return count;
    }

    public void Dispose() => _handle?.Dispose();
}
