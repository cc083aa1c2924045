using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using RecallCluster.Numerics;

namespace RecallCluster.Serving.State;

/// <summary>
/// The records of one transaction as bytes. A record is: length of the rest (u32), CRC-32C of sequence and rest (u32), length of the keys
/// (u16), the
/// keys (UTF-8, the machine addressed and its followers, one a line), the payload. Little-endian.
/// </summary>
internal static class RecordFrames
{
    private const int Head = 8, KeysHead = 2;

    public static void Write(ArrayBufferWriter<byte> target, long sequence, string key, IReadOnlyList<string> followers,
        ReadOnlySpan<byte> payload)
    {
        string keys = followers.Count == 0 ? key : key + '\n' + string.Join('\n', followers);
        int keyBytes = Encoding.UTF8.GetByteCount(keys);
        if (keyBytes > ushort.MaxValue)
            throw new ArgumentException($"The keys of a record take {keyBytes} bytes; {ushort.MaxValue} is the most.", nameof(key));
        int rest = KeysHead + keyBytes + payload.Length;
        Span<byte> frame = target.GetSpan(Head + rest)[..(Head + rest)];
        BinaryPrimitives.WriteInt32LittleEndian(frame, rest);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[Head..], (ushort)keyBytes);
        Encoding.UTF8.GetBytes(keys, frame[(Head + KeysHead)..]);
        payload.CopyTo(frame[(Head + KeysHead + keyBytes)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Checksum(sequence, frame[Head..]));
        target.Advance(Head + rest);
    }

    /// <exception cref="InvalidDataException">A record is cut short or its checksum is wrong.</exception>
    public static IEnumerable<JournalRecord> Read(long first, int count, ReadOnlyMemory<byte> bytes)
    {
        for (int i = 0; i < count; i++)
        {
            JournalRecord record = ReadOne(first + i, ref bytes);
            yield return record;
        }
        if (!bytes.IsEmpty)
            throw new InvalidDataException($"{bytes.Length} bytes follow journal record {first + count - 1}, the last of its transaction.");
    }

    private static JournalRecord ReadOne(long sequence, ref ReadOnlyMemory<byte> bytes)
    {
        int rest = bytes.Length < Head ? -1 : BinaryPrimitives.ReadInt32LittleEndian(bytes.Span);
        if (rest < KeysHead || rest > bytes.Length - Head)
            throw new InvalidDataException($"Journal record {sequence} is cut short.");
        ReadOnlyMemory<byte> body = bytes.Slice(Head, rest);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[4..]) != Checksum(sequence, body.Span))
            throw new InvalidDataException($"Journal record {sequence}: its checksum is wrong.");
        int keyBytes = BinaryPrimitives.ReadUInt16LittleEndian(body.Span);
        if (keyBytes > rest - KeysHead)
            throw new InvalidDataException($"Journal record {sequence}: its keys are longer than the record.");
        string[] keys = Encoding.UTF8.GetString(body.Span.Slice(KeysHead, keyBytes)).Split('\n');
        bytes = bytes[(Head + rest)..];
        return new JournalRecord(sequence, keys[0], keys[1..], body[(KeysHead + keyBytes)..]);
    }

    private static uint Checksum(long sequence, ReadOnlySpan<byte> rest)
    {
        Span<byte> place = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(place, sequence);
        return Crc32C.Finish(Crc32C.Update(Crc32C.Update(Crc32C.Start, place), rest));
    }
}
