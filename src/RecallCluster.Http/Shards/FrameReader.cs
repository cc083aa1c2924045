using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using RecallCluster.Numerics;

namespace RecallCluster.Http.Shards;

/// <summary>
/// Reads a frame that <see cref="FrameWriter"/> made. It may come from anybody: nothing is believed before the checksum, no length before it
/// is seen to fit in what is there.
/// </summary>
internal ref struct FrameReader
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private ReadOnlySpan<byte> _rest;

    /// <exception cref="InvalidDataException">It is no whole, intact frame of that kind; the message says what is wrong.</exception>
    public FrameReader(ReadOnlySpan<byte> frame, FrameKind kind)
    {
        const int Least = FrameWriter.HeaderBytes + FrameWriter.ChecksumBytes;
        if (frame.Length < Least)
            throw new InvalidDataException($"Shard frame: {frame.Length} bytes are fewer than a header and a checksum take.");
        if (BinaryPrimitives.ReadUInt32LittleEndian(frame) != FrameWriter.Magic)
            throw new InvalidDataException("Shard frame: does not start with 'RCSF'.");
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(frame[4..]);
        if (version != FrameWriter.Version)
            throw new InvalidDataException($"Shard frame: version {version}; this program speaks version {FrameWriter.Version}.");
        var found = (FrameKind)BinaryPrimitives.ReadUInt16LittleEndian(frame[6..]);
        if (found != kind)
            throw new InvalidDataException($"Shard frame: of kind {found}; {kind} is wanted.");
        int length = BinaryPrimitives.ReadInt32LittleEndian(frame[8..]);
        if (length != frame.Length - Least)
            throw new InvalidDataException($"Shard frame: the header names a payload of {length} bytes; there are {frame.Length - Least}.");
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(frame[^FrameWriter.ChecksumBytes..]);
        if (stored != Crc32C.Of(frame[..^FrameWriter.ChecksumBytes]))
            throw new InvalidDataException("Shard frame: the checksum does not match; it was damaged on its way.");
        _rest = frame[FrameWriter.HeaderBytes..^FrameWriter.ChecksumBytes];
    }

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Next(sizeof(int)));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Next(sizeof(long)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Next(sizeof(ulong)));

    public float Single() => BinaryPrimitives.ReadSingleLittleEndian(Next(sizeof(float)));

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Next(sizeof(double)));

    public string Text()
    {
        try
        {
            return Utf8.GetString(Bytes());
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException("Shard frame: a text is no UTF-8.", e);
        }
    }

    public string[] Texts()
    {
        string[] values = new string[Count(sizeof(int))];
        for (int i = 0; i < values.Length; i++)
            values[i] = Text();
        return values;
    }

    public ReadOnlySpan<byte> Bytes() => Next(Count(1));

    public T[] List<T>()
        where T : unmanaged
    {
        var values = new T[Count(Unsafe.SizeOf<T>())];
        Span<byte> target = MemoryMarshal.AsBytes(values.AsSpan());
        ReadOnlySpan<byte> bytes = Next(target.Length);
        if (BitConverter.IsLittleEndian)
            bytes.CopyTo(target);
        else
            FrameWriter.SwapEach(bytes, target, Unsafe.SizeOf<T>());
        return values;
    }

    /// <summary>A number of elements, each of at least <paramref name="bytes"/> bytes, that is seen to be there.</summary>
    public int Count(int bytes)
    {
        int count = Int32();
        if (count < 0 || (long)count * bytes > _rest.Length)
            throw new InvalidDataException($"Shard frame: {count} elements of at least {bytes} bytes do not fit in {_rest.Length}.");
        return count;
    }

    /// <exception cref="InvalidDataException">Something follows.</exception>
    public readonly void End()
    {
        if (!_rest.IsEmpty)
            throw new InvalidDataException($"Shard frame: {_rest.Length} bytes follow the end of the payload.");
    }

    private ReadOnlySpan<byte> Next(int bytes)
    {
        if (bytes > _rest.Length)
            throw new InvalidDataException($"Shard frame: the payload ends {bytes - _rest.Length} bytes early.");
        ReadOnlySpan<byte> next = _rest[..bytes];
        _rest = _rest[bytes..];
        return next;
    }
}
