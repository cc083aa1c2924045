using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace RecallCluster.Data.Text;

/// <summary>
/// Distinct UTF-8 strings numbered from 0 in order of appearance, looked up by bytes without making a string. Open addressing with linear
/// probing; a slot holds 32 bits of the hash beside the number, so that a look-up rarely reads a string that is not the one.
/// </summary>
internal sealed class Vocabulary
{
    private ulong[] _slots;
    private int[] _ends;
    private byte[] _bytes;
    private int _count, _used;

    /// <summary>An empty vocabulary with room for <paramref name="capacity"/> strings.</summary>
    public Vocabulary(int capacity = 16)
    {
        int rows = Math.Max(capacity, 16);
        _slots = new ulong[SlotsFor(rows)];
        _ends = new int[rows];
        _bytes = new byte[Math.Min(rows * 8L, Array.MaxLength)];
    }

    /// <summary>Number of strings.</summary>
    public int Count => _count;

    /// <summary>The bytes of string <paramref name="number"/>.</summary>
    public ReadOnlySpan<byte> this[int number]
    {
        get
        {
            int start = number == 0 ? 0 : _ends[number - 1];
            return _bytes.AsSpan(start, _ends[number] - start);
        }
    }

    /// <summary>The number of <paramref name="value"/>, or -1.</summary>
    public int Find(ReadOnlySpan<byte> value)
    {
        uint hash = Hash(value);
        int slot = Probe(value, hash);
        return (int)(uint)_slots[slot] - 1;
    }

    /// <summary>The number of <paramref name="value"/>, which is added when it is new.</summary>
    /// <param name="value">The string.</param>
    /// <param name="added">Whether it was new.</param>
    /// <exception cref="InvalidDataException">The strings together exceed 2 GB.</exception>
    public int Add(ReadOnlySpan<byte> value, out bool added)
    {
        uint hash = Hash(value);
        int slot = Probe(value, hash);
        added = _slots[slot] == 0;
        if (!added)
            return (int)(uint)_slots[slot] - 1;

        if (_count == _ends.Length)
        {
            Grow();
            slot = Probe(value, hash);
        }
        long end = (long)_used + value.Length;
        if (end > _bytes.Length)
        {
            if (end > Array.MaxLength)
                throw new InvalidDataException("The ids of one table take more than 2 GB.");
            Array.Resize(ref _bytes, (int)Math.Min(Math.Max(end, _bytes.Length * 2L), Array.MaxLength));
        }
        value.CopyTo(_bytes.AsSpan(_used));
        _used = (int)end;
        _ends[_count] = _used;
        _slots[slot] = ((ulong)hash << 32) | (uint)(_count + 1);
        return _count++;
    }

    /// <summary>All strings, by number.</summary>
    public string[] ToArray()
    {
        var strings = new string[_count];
        for (int i = 0; i < strings.Length; i++)
            strings[i] = Encoding.UTF8.GetString(this[i]);
        return strings;
    }

    private static int SlotsFor(int rows) => (int)Math.Min(BitOperations.RoundUpToPowerOf2((ulong)rows * 2), 1UL << 30);

    private static uint Hash(ReadOnlySpan<byte> value)
    {
        const ulong Multiplier = 0x9E3779B97F4A7C15UL;
        ulong hash = (ulong)value.Length * Multiplier;
        while (value.Length >= sizeof(ulong))
        {
            hash = BitOperations.RotateLeft((hash ^ MemoryMarshal.Read<ulong>(value)) * Multiplier, 29);
            value = value[sizeof(ulong)..];
        }
        ulong tail = 0;
        for (int i = 0; i < value.Length; i++)
            tail |= (ulong)value[i] << (8 * i);
        hash = (hash ^ tail) * Multiplier;
        hash = (hash ^ (hash >> 32)) * Multiplier;
        return (uint)(hash >> 32);
    }

    private int Probe(ReadOnlySpan<byte> value, uint hash)
    {
        int mask = _slots.Length - 1;
        int slot = (int)(hash & (uint)mask);
        while (_slots[slot] != 0 && ((uint)(_slots[slot] >> 32) != hash || !this[(int)(uint)_slots[slot] - 1].SequenceEqual(value)))
            slot = (slot + 1) & mask;
        return slot;
    }

    private void Grow()
    {
        if (_count >= 1 << 29)
            throw new InvalidDataException($"More than {1 << 29} distinct ids in one table.");
        Array.Resize(ref _ends, _count * 2);
        ulong[] old = _slots;
        _slots = new ulong[SlotsFor(_ends.Length)];
        int mask = _slots.Length - 1;
        foreach (ulong entry in old)
        {
            if (entry == 0)
                continue;
            int slot = (int)((uint)(entry >> 32) & (uint)mask);
            while (_slots[slot] != 0)
                slot = (slot + 1) & mask;
            _slots[slot] = entry;
        }
    }
}
