using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RecallCluster.Learning.Models;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// The history match in the form that scorers read: behind an ad's record its codes, behind a user's state one small hash table a field
/// from the codes of the user's sequence to what a match adds to the score.
/// </summary>
/// <remarks>
/// Codes are int32 bits in place of floats, whatever the format of the record's floats, padded with zeros to a cache line. A table is
/// [codes: slots | weights: slots], open addressing with linear probing, at most half full, code 0 marking a free slot.
/// </remarks>
/// <param name="Fields">Codes of an ad; 0 for a model without history match.</param>
/// <param name="Slots">Slots of a table, a power of two.</param>
public readonly record struct MatchLayout(int Fields, int Slots)
{
    private const int LineFloats = 16;

    /// <summary>The layout of a model.</summary>
    public static MatchLayout Of(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        int fields = HistoryMatch.FieldsOf(config);
        return fields == 0 ? default : new MatchLayout(fields, (int)BitOperations.RoundUpToPowerOf2((uint)(2 * config.SequenceLimit)));
    }

    /// <summary>Weights of a field: one for each level of the number of occurrences.</summary>
    public const int Levels = HistoryMatch.Levels;

    /// <summary>Floats that the codes take at the end of a record.</summary>
    public int RecordFloats => (Fields + LineFloats - 1) / LineFloats * LineFloats;

    /// <summary>Floats that the tables take at the end of a state.</summary>
    /// <exception cref="OverflowException">They are more than an array holds.</exception>
    public int StateFloats => checked(Fields * 2 * Slots);

    /// <summary>Checks that scorers can read such tables, which they do through pointers.</summary>
    /// <exception cref="ArgumentException">A number is negative, or there are codes and the slots are no power of two.</exception>
    internal void Validate()
    {
        if (Fields < 0 || (Fields > 0 && (Slots < 1 || !BitOperations.IsPow2(Slots))))
            throw new ArgumentException($"A history match of {Fields} fields and {Slots} slots has no layout: want a power of two of slots.");
    }

    /// <summary>Writes an ad's codes to the end of its record.</summary>
    /// <param name="codes"><see cref="Fields"/> codes.</param>
    /// <param name="destination">Receives <see cref="RecordFloats"/> floats.</param>
    public void WriteCodes(ReadOnlySpan<int> codes, Span<float> destination)
    {
        destination[..RecordFloats].Clear();
        codes[..Fields].CopyTo(MemoryMarshal.Cast<float, int>(destination));
    }

    /// <summary>Writes a user's tables.</summary>
    /// <param name="codes">Codes of the behaviours, [length, fields].</param>
    /// <param name="weights">The user's weights, [fields * <see cref="Levels"/>].</param>
    /// <param name="tables">Receives <see cref="StateFloats"/> floats.</param>
    public void WriteTables(ReadOnlySpan<int> codes, ReadOnlySpan<float> weights, Span<float> tables)
    {
        tables[..StateFloats].Clear();
        for (int field = 0; field < Fields; field++)
        {
            Span<float> table = tables.Slice(field * 2 * Slots, 2 * Slots);
            Span<int> keys = MemoryMarshal.Cast<float, int>(table[..Slots]), occurrences = MemoryMarshal.Cast<float, int>(table[Slots..]);
            for (int at = field; at < codes.Length; at += Fields)
            {
                if (codes[at] == 0)
                    continue;
                int slot = SlotOf(codes[at]);
                while (keys[slot] != 0 && keys[slot] != codes[at])
                    slot = (slot + 1) & (Slots - 1);
                keys[slot] = codes[at];
                occurrences[slot]++;
            }
            for (int slot = 0; slot < Slots; slot++)
                if (keys[slot] != 0)
                    table[Slots + slot] = weights[(field * HistoryMatch.Levels) + HistoryMatch.LevelOf(occurrences[slot])];
        }
    }

    /// <summary>What the matches add to the score of the ad of these codes.</summary>
    /// <param name="tables">A user's tables, <see cref="StateFloats"/> floats.</param>
    /// <param name="codes">The ad's codes, <see cref="Fields"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe float Sum(float* tables, int* codes)
    {
        float sum = 0;
        for (int field = 0; field < Fields; field++, tables += 2 * Slots)
        {
            int code = codes[field], slot = SlotOf(code);
            int* keys = (int*)tables;
            // Bounded, should a state from elsewhere have no free slot.
            for (int left = Slots; keys[slot] != code && keys[slot] != 0 && left > 0; left--)
                slot = (slot + 1) & (Slots - 1);
            // A free slot has weight 0, and so has the code 0, which is found in free slots.
            sum += tables[Slots + slot];
        }
        return sum;
    }

    /// <summary>Fibonacci hashing: the upper bits of the code times 2^32 over the golden ratio.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int SlotOf(int code) => (int)(((ulong)((uint)code * 2654435769u) * (uint)Slots) >> 32);
}
