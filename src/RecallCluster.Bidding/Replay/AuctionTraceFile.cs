using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace RecallCluster.Bidding.Replay;

/// <summary>
/// A file of traced auctions, one checked record after the other, little-endian. It grows while auctions are held and may end in the
/// middle of a
/// record where the process was killed: reading stops there, appending begins there.
/// <code>
///  file   = "RCAT" version(u32) record*
///  record = length(u32) crc32c(u32) ticks-UTC(i64) floor(f64) positions(i32) count(i32) bid{count}
///  bid    = campaign(i64) pCTR(f32) pCVR(f32) bid(f32)
/// </code>
/// Length and check sum are of what follows them.
/// </summary>
internal static class AuctionTraceFile
{
    public const int HeaderLength = 8, PrefixLength = 8, FixedLength = 24, BidLength = 20;
    public const int MaxBids = 1_000_000;
    private const uint Magic = 0x54414352, Version = 1;

    public static byte[] Header()
    {
        var header = new byte[HeaderLength];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), Version);
        return header;
    }

    /// <exception cref="InvalidDataException">It is another kind of file, or of another version.</exception>
    public static void CheckHeader(string path, ReadOnlySpan<byte> header)
    {
        if (header.Length < HeaderLength || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic)
            throw new InvalidDataException($"{path}: not a trace of auctions.");
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) is var version and not Version)
            throw new InvalidDataException($"{path}: a trace of version {version}; version {Version} is known.");
    }

    /// <summary>Bytes of an auction's record.</summary>
    public static int LengthOf(int bids) => PrefixLength + FixedLength + (bids * BidLength);

    public static void Write(DateTimeOffset at, double floor, int positions, ReadOnlySpan<TracedBid> bids, Span<byte> record)
    {
        Span<byte> body = record[PrefixLength..];
        BinaryPrimitives.WriteInt64LittleEndian(body, at.UtcTicks);
        BinaryPrimitives.WriteDoubleLittleEndian(body[8..], floor);
        BinaryPrimitives.WriteInt32LittleEndian(body[16..], positions);
        BinaryPrimitives.WriteInt32LittleEndian(body[20..], bids.Length);
        for (int i = 0; i < bids.Length; i++)
        {
            Span<byte> place = body[(FixedLength + (i * BidLength))..];
            BinaryPrimitives.WriteInt64LittleEndian(place, bids[i].Campaign);
            BinaryPrimitives.WriteSingleLittleEndian(place[8..], bids[i].ClickProbability);
            BinaryPrimitives.WriteSingleLittleEndian(place[12..], bids[i].ConversionProbability);
            BinaryPrimitives.WriteSingleLittleEndian(place[16..], bids[i].Bid);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], Crc(body));
    }

    /// <summary>The record at the start of <paramref name="bytes"/>; null where it is not whole.</summary>
    public static TracedAuction? Read(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (bytes.Length < PrefixLength + FixedLength)
            return null;
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (size < FixedLength || size > bytes.Length - PrefixLength)
            return null;
        ReadOnlySpan<byte> body = bytes.Slice(PrefixLength, (int)size);
        int count = BinaryPrimitives.ReadInt32LittleEndian(body[20..]), positions = BinaryPrimitives.ReadInt32LittleEndian(body[16..]);
        long ticks = BinaryPrimitives.ReadInt64LittleEndian(body);
        bool isWhole = Crc(body) == BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..])
            && count is >= 0 and <= MaxBids && size == FixedLength + ((long)count * BidLength)
            && positions > 0 && ticks >= 0 && ticks <= DateTimeOffset.MaxValue.UtcTicks;
        if (!isWhole)
            return null;
        var bids = new TracedBid[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> place = body[(FixedLength + (i * BidLength))..];
            bids[i] = new TracedBid(
                BinaryPrimitives.ReadInt64LittleEndian(place),
                BinaryPrimitives.ReadSingleLittleEndian(place[8..]),
                BinaryPrimitives.ReadSingleLittleEndian(place[12..]),
                BinaryPrimitives.ReadSingleLittleEndian(place[16..]));
        }
        length = PrefixLength + (int)size;
        return new TracedAuction(
            new DateTimeOffset(ticks, TimeSpan.Zero), BinaryPrimitives.ReadDoubleLittleEndian(body[8..]), positions, bids);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
            crc = BitOperations.Crc32C(crc, word);
        foreach (byte rest in bytes[(bytes.Length & ~7)..])
            crc = BitOperations.Crc32C(crc, rest);
        return ~crc;
    }
}
