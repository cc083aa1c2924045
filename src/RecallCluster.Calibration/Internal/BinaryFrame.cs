using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace RecallCluster.Calibration;

/// <summary>
/// The frame of every binary form here: four letters, a version, the payload's length, the payload, its CRC-32C. Little-endian.
/// </summary>
internal static class BinaryFrame
{
    private const int HeaderBytes = 12;
    private const int CrcBytes = 4;

    public static byte[] Write(string magic, int version, Action<BinaryWriter> payload)
    {
        using var buffer = new MemoryStream();
        using (var writer = new BinaryWriter(buffer, Encoding.UTF8, leaveOpen: true))
            payload(writer);
        byte[] body = buffer.ToArray();
        var frame = new byte[HeaderBytes + body.Length + CrcBytes];
        Encoding.ASCII.GetBytes(magic, frame);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(4), version);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(8), body.Length);
        body.CopyTo(frame, HeaderBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(HeaderBytes + body.Length), Crc(frame.AsSpan(0, HeaderBytes + body.Length)));
        return frame;
    }

    /// <exception cref="InvalidDataException">The frame is short, of another kind or version, damaged, or not wholly read.</exception>
    public static T Read<T>(string magic, int version, string what, ReadOnlySpan<byte> frame, Func<BinaryReader, T> payload)
    {
        if (frame.Length < HeaderBytes + CrcBytes)
            throw new InvalidDataException($"{what}: {frame.Length} bytes are fewer than a header and a checksum take.");
        if (!frame[..4].SequenceEqual(Encoding.ASCII.GetBytes(magic)))
            throw new InvalidDataException($"{what}: does not start with '{magic}'.");
        int found = BinaryPrimitives.ReadInt32LittleEndian(frame[4..]);
        if (found != version)
            throw new InvalidDataException($"{what}: version {found}; this program reads version {version}.");
        int length = BinaryPrimitives.ReadInt32LittleEndian(frame[8..]);
        if (length != frame.Length - HeaderBytes - CrcBytes)
            throw new InvalidDataException(
                $"{what}: the header names a payload of {length} bytes; there are {frame.Length - HeaderBytes - CrcBytes}.");
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(frame[(HeaderBytes + length)..]);
        if (stored != Crc(frame[..(HeaderBytes + length)]))
            throw new InvalidDataException($"{what}: the checksum does not match; the data is damaged.");
        using var reader = new BinaryReader(new MemoryStream(frame.Slice(HeaderBytes, length).ToArray()), Encoding.UTF8);
        T value;
        try
        {
            value = payload(reader);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"{what}: the payload is malformed: {e.Message}", e);
        }
        if (reader.BaseStream.Position != length)
            throw new InvalidDataException($"{what}: {length - reader.BaseStream.Position} bytes follow the end of the payload.");
        return value;
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        foreach (byte b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
