using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using RecallCluster.Numerics;

namespace RecallCluster.Http.Shards;

/// <summary>What a frame carries.</summary>
internal enum FrameKind : ushort
{
    Query = 1,
    Answer = 2,
    Book = 3,
    Placements = 4,
    State = 5,
    Additions = 6,
}

/// <summary>
/// Writes one frame between a gateway and a shard:
/// <code>
///  0   "RCSF"      4   version (2 bytes)    6   kind (2 bytes)    8   length of the payload (4 bytes)
///  12  payload     then CRC-32C of all before it (4 bytes)
/// </code>
/// Little-endian. Strings and lists carry their length first.
/// </summary>
internal sealed class FrameWriter : IDisposable
{
    public const uint Magic = 0x46534352;
    public const ushort Version = 3;
    public const int HeaderBytes = 12;
    public const int ChecksumBytes = 4;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 << 10);
    private int _length = HeaderBytes;

    /// <summary>Begins a frame.</summary>
    public FrameWriter(FrameKind kind)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(6), (ushort)kind);
    }

    public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Next(sizeof(int)), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Next(sizeof(long)), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Next(sizeof(ulong)), value);

    public void Single(float value) => BinaryPrimitives.WriteSingleLittleEndian(Next(sizeof(float)), value);

    public void Double(double value) => BinaryPrimitives.WriteDoubleLittleEndian(Next(sizeof(double)), value);

    public void Text(string value)
    {
        int bytes = Encoding.UTF8.GetByteCount(value);
        Int32(bytes);
        Encoding.UTF8.GetBytes(value, Next(bytes));
    }

    public void Texts(IReadOnlyCollection<string> values)
    {
        Int32(values.Count);
        foreach (string value in values)
            Text(value);
    }

    public void Bytes(ReadOnlySpan<byte> values)
    {
        Int32(values.Length);
        values.CopyTo(Next(values.Length));
    }

    /// <summary>A list of numbers of four or eight bytes.</summary>
    public void List<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        Int32(values.Length);
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        Span<byte> target = Next(bytes.Length);
        if (BitConverter.IsLittleEndian)
            bytes.CopyTo(target);
        else
            SwapEach(bytes, target, bytes.Length / Math.Max(1, values.Length));
    }

    /// <summary>Ends the frame; valid until the writer is disposed.</summary>
    public ReadOnlyMemory<byte> End()
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(8), _length - HeaderBytes);
        uint checksum = Crc32C.Of(_buffer.AsSpan(0, _length));
        BinaryPrimitives.WriteUInt32LittleEndian(Next(ChecksumBytes), checksum);
        return _buffer.AsMemory(0, _length);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    internal static void SwapEach(ReadOnlySpan<byte> source, Span<byte> target, int width)
    {
        for (int start = 0; start + width <= source.Length; start += width)
        {
            source.Slice(start, width).CopyTo(target[start..]);
            target.Slice(start, width).Reverse();
        }
    }

    private Span<byte> Next(int bytes)
    {
        int end = checked(_length + bytes);
        if (end > _buffer.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(end, 2L * _buffer.Length)));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        Span<byte> next = _buffer.AsSpan(_length, bytes);
        _length = end;
        return next;
    }
}
