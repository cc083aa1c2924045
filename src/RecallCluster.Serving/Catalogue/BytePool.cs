using System.Buffers.Binary;
using System.Text;

namespace RecallCluster.Serving.Catalogue;

/// <summary>
/// Strings as UTF-8 in large blocks, one after the other, each with its length: a million ads are a few hundred megabytes of bytes instead
/// of several million objects for the garbage collector to walk. Written by one thread, then read by any.
/// </summary>
internal sealed class BytePool
{
    private const int BlockSize = 1 << 20;
    private const int LengthBytes = sizeof(int);
    private const int Absent = -1;
    private readonly List<byte[]> _blocks = [];
    private int _used = BlockSize;

    /// <summary>Bytes held.</summary>
    public long Bytes => _blocks.Sum(block => (long)block.Length);

    /// <summary>Appends strings as one record and says where it is; a null comes back as null.</summary>
    public long Add(params ReadOnlySpan<string?> texts)
    {
        int size = 0;
        foreach (string? text in texts)
            size += LengthBytes + (text is null ? 0 : Encoding.UTF8.GetByteCount(text));
        if (_used + size > BlockSize)
        {
            _blocks.Add(new byte[Math.Max(size, BlockSize)]);
            _used = 0;
        }
        byte[] block = _blocks[^1];
        long place = ((long)(_blocks.Count - 1) << 32) | (uint)_used;
        int at = _used;
        foreach (string? text in texts)
        {
            int length = text is null ? Absent : Encoding.UTF8.GetBytes(text, block.AsSpan(at + LengthBytes));
            BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(at), length);
            at += LengthBytes + Math.Max(0, length);
        }
        // A record larger than a block has its block for itself.
        _used = Math.Min(at, BlockSize);
        return place;
    }

    /// <summary>The UTF-8 bytes of the first string of a record.</summary>
    public ReadOnlySpan<byte> First(long place)
    {
        byte[] block = _blocks[(int)(place >> 32)];
        int at = (int)place;
        return block.AsSpan(at + LengthBytes, BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(at)));
    }

    /// <summary>Reads a record's strings.</summary>
    public void Read(long place, Span<string?> texts)
    {
        byte[] block = _blocks[(int)(place >> 32)];
        int at = (int)place;
        for (int i = 0; i < texts.Length; i++)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(at));
            at += LengthBytes;
            texts[i] = length == Absent ? null : Encoding.UTF8.GetString(block, at, length);
            at += Math.Max(0, length);
        }
    }
}
