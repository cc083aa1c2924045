using System.Globalization;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Files;

/// <summary>A stream that keeps nothing of what is written to it but its checksum.</summary>
internal sealed class ChecksumStream : Stream
{
    private uint _state = Crc32C.Start;
    private long _length;

    /// <summary>CRC-32C of what was written, eight hexadecimal digits.</summary>
    public string Text => Crc32C.Finish(_state).ToString("x8", CultureInfo.InvariantCulture);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException("A checksum cannot be taken back.");
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _state = Crc32C.Update(_state, buffer);
        _length += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("There is nothing to read.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A checksum cannot be taken back.");

    public override void SetLength(long value) => throw new NotSupportedException("A checksum cannot be taken back.");
}
