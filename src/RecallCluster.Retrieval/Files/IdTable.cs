using System.Buffers;
using System.Numerics;
using System.Text;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Files;

/// <summary>
/// The external ids of the ads, as they lie in the file: the UTF-8 bytes of all ids one after the other, where each begins, and an
/// open-addressing table (load at most one half) from id to ordinal, so that opening a file of millions of ads builds nothing.
/// </summary>
internal sealed class IdTable : IDisposable
{
    /// <summary>The value of a free slot.</summary>
    public const int Free = -1;

    private readonly string _path;
    private readonly NativeBlock<long> _offsets;
    private readonly NativeBlock<byte> _bytes;
    private readonly NativeBlock<int> _slots;
    private readonly int _count;

    public IdTable(string path, int count, NativeBlock<long> offsets, NativeBlock<byte> bytes, NativeBlock<int> slots)
    {
        _path = path;
        _count = count;
        _offsets = offsets;
        _bytes = bytes;
        _slots = slots;
    }

    /// <summary>The UTF-8 bytes of the id of an ad.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such ad.</exception>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public ReadOnlySpan<byte> this[int ordinal]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)ordinal, (uint)_count, nameof(ordinal));
            CheckMapped();
            long start = _offsets[ordinal], end = _offsets[ordinal + 1];
            if (start < 0 || end < start || end > _bytes.Length || end - start > int.MaxValue)
                throw IndexFormat.Broken(
                    _path, $"section '{SectionNames.IdOffsets}'", $"id {ordinal} lies at [{start}, {end}) of {_bytes.Length} bytes");
            return _bytes.Span(start, (int)(end - start));
        }
    }

    /// <summary>The ordinal of an id, or -1.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public int Find(string id)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(id.Length));
        int ordinal = Find(buffer.AsSpan(0, Encoding.UTF8.GetBytes(id, buffer)));
        ArrayPool<byte>.Shared.Return(buffer);
        return ordinal;
    }

    /// <summary>The ordinal of an id given as UTF-8, or -1.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public int Find(ReadOnlySpan<byte> id)
    {
        CheckMapped();
        long mask = _slots.Length - 1;
        long slot = (long)Hash(id) & mask;
        for (long probes = 0; probes <= mask; probes++, slot = (slot + 1) & mask)
        {
            int ordinal = _slots[slot];
            if (ordinal == Free)
                return -1;
            if ((uint)ordinal >= (uint)_count)
                throw IndexFormat.Broken(_path, $"section '{SectionNames.IdTable}'", $"slot {slot} names ad {ordinal} of {_count}");
            if (this[ordinal].SequenceEqual(id))
                return ordinal;
        }
        return -1;
    }

    /// <summary>Checks that the ids tile the bytes and that each is found at its own ordinal.</summary>
    /// <exception cref="InvalidDataException">They do not.</exception>
    public void Verify()
    {
        if (_offsets[0] != 0 || _offsets[_count] != _bytes.Length)
            throw IndexFormat.Broken(
                _path, $"section '{SectionNames.IdOffsets}'", $"the ids span [{_offsets[0]}, {_offsets[_count]}) of {_bytes.Length} bytes");
        for (int ordinal = 0; ordinal < _count; ordinal++)
        {
            int found = Find(this[ordinal]);
            if (found != ordinal)
                throw IndexFormat.Broken(_path, $"section '{SectionNames.IdTable}'", $"looking up the id of ad {ordinal} finds {found}");
        }
    }

    /// <summary>Lets go of the file's memory: ids cannot be had any more.</summary>
    public void Dispose()
    {
        _offsets.Dispose();
        _bytes.Dispose();
        _slots.Dispose();
    }

    /// <summary>Lays ids out as sections.</summary>
    /// <param name="ids">The id of each ad; unique, none empty.</param>
    /// <exception cref="ArgumentException">An id is empty or occurs twice; the message names the ads.</exception>
    public static IReadOnlyList<IndexSection> Sections(IReadOnlyList<string> ids)
    {
        int count = ids.Count;
        var offsets = new NativeBlock<long>(count + 1L);
        for (int i = 0; i < count; i++)
        {
            if (string.IsNullOrEmpty(ids[i]))
                throw new ArgumentException($"Ad {i} has an empty id.", nameof(ids));
            offsets[i + 1] = offsets[i] + Encoding.UTF8.GetByteCount(ids[i]);
        }
        var bytes = new NativeBlock<byte>(offsets[count]);
        for (int i = 0; i < count; i++)
            Encoding.UTF8.GetBytes(ids[i], bytes.Span(offsets[i], (int)(offsets[i + 1] - offsets[i])));
        var slots = new NativeBlock<int>((long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1L, 2L * count)));
        for (long i = 0; i < slots.Length; i++)
            slots[i] = Free;
        long mask = slots.Length - 1;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> id = bytes.Span(offsets[i], (int)(offsets[i + 1] - offsets[i]));
            long slot = (long)Hash(id) & mask;
            for (; slots[slot] != Free; slot = (slot + 1) & mask)
            {
                int other = slots[slot];
                if (id.SequenceEqual(bytes.Span(offsets[other], (int)(offsets[other + 1] - offsets[other]))))
                    throw new ArgumentException($"Ads {other} and {i} have the same id '{ids[i]}'.", nameof(ids));
            }
            slots[slot] = i;
        }
        return
        [
            IndexSection.Of(SectionNames.IdOffsets, offsets, offsets.Length),
            IndexSection.Of(SectionNames.IdBytes, bytes, bytes.Length),
            IndexSection.Of(SectionNames.IdTable, slots, slots.Length),
        ];
    }

    // The blocks' indexers do not look: after the file was closed they would read what is no longer there.
    private unsafe void CheckMapped() => ObjectDisposedException.ThrowIf(_offsets.Pointer == null, typeof(AdIndex));

    // FNV-1a (Fowler, Noll & Vo), then the finaliser of MurmurHash3 (Appleby): part of the format, so it must never change.
    private static ulong Hash(ReadOnlySpan<byte> id)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte value in id)
            hash = (hash ^ value) * 0x100000001B3;
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCD;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53;
        return hash ^ (hash >> 33);
    }
}
