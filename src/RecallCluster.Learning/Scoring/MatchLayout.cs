using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RecallCluster.Learning.Models;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// The history match in the form that scorers read: behind an ad's record its codes, behind a user's state one small hash table a field
/// from the codes of the user's sequence to what a match adds to the score.
/// </summary>
/// <remarks>
/// Codes are int32 bits in place of floats, whatever the format of the record's floats, padded with zeros to a cache line. A table is made
/// of buckets [4 codes | 4 weights], at most half full, code 0 marking a free slot. A code stands in one of two buckets, so that it is
/// looked up by two comparisons of four codes each and no branch that could be guessed wrong (two-choice hashing; Azar et al., 1999).
/// </remarks>
/// <param name="Fields">Codes of an ad; 0 for a model without history match.</param>
/// <param name="Slots">Slots of a table, a power of two from 8 on.</param>
public readonly record struct MatchLayout(int Fields, int Slots)
{
    private const int LineFloats = 16;
    private const int BucketSlots = 4;
    private const int BucketFloats = 2 * BucketSlots;

    /// <summary>The layout of a model.</summary>
    public static MatchLayout Of(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        int fields = HistoryMatch.FieldsOf(config);
        uint slots = BitOperations.RoundUpToPowerOf2((uint)Math.Max(BucketFloats, 2 * config.SequenceLimit));
        return fields == 0 ? default : new MatchLayout(fields, (int)slots);
    }

    /// <summary>Weights of a field: one for each level of the number of occurrences.</summary>
    public const int Levels = HistoryMatch.Levels;

    /// <summary>Floats that the codes take at the end of a record.</summary>
    public int RecordFloats => (Fields + LineFloats - 1) / LineFloats * LineFloats;

    /// <summary>Floats that the tables take at the end of a state.</summary>
    /// <exception cref="OverflowException">They are more than an array holds.</exception>
    public int StateFloats => checked(Fields * 2 * Slots);

    /// <summary>Checks that scorers can read such tables, which they do through pointers.</summary>
    /// <exception cref="ArgumentException">
    /// A number is negative, or there are codes and the slots are too few or no power of two.
    /// </exception>
    internal void Validate()
    {
        if (Fields < 0 || (Fields > 0 && (Slots < BucketFloats || !BitOperations.IsPow2(Slots))))
            throw new ArgumentException(
                $"A history match of {Fields} fields and {Slots} slots has no layout: want a power of two of slots, "
                + $"at least {BucketFloats}.");
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
    /// <remarks>A code both of whose buckets are full is left out; that takes ten codes that were chosen to meet.</remarks>
    public void WriteTables(ReadOnlySpan<int> codes, ReadOnlySpan<float> weights, Span<float> tables)
    {
        tables[..StateFloats].Clear();
        for (int field = 0; field < Fields; field++)
        {
            Span<float> table = tables.Slice(field * 2 * Slots, 2 * Slots);
            Span<int> cells = MemoryMarshal.Cast<float, int>(table);
            for (int at = field; at < codes.Length; at += Fields)
            {
                if (codes[at] == 0 || FindSlot(cells, codes[at]) is not (>= 0 and int slot))
                    continue;
                cells[slot] = codes[at];
                cells[slot + BucketSlots]++;
            }
            // The occurrences give way to what they weigh.
            for (int bucket = 0; bucket < cells.Length; bucket += BucketFloats)
                for (int slot = bucket; slot < bucket + BucketSlots; slot++)
                    if (cells[slot] != 0)
                        table[slot + BucketSlots] = weights[(field * Levels) + HistoryMatch.LevelOf(cells[slot + BucketSlots])];
        }
    }

    /// <summary>What the matches add to the score of the ad of these codes.</summary>
    /// <param name="tables">A user's tables, <see cref="StateFloats"/> floats.</param>
    /// <param name="codes">The ad's codes, <see cref="Fields"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe float Sum(float* tables, int* codes)
    {
        Vector128<float> sum = Vector128<float>.Zero;
        for (int field = 0; field < Fields; field++, tables += 2 * Slots)
        {
            (int first, int second) = BucketsOf(codes[field]);
            Vector128<int> wanted = Vector128.Create(codes[field]);
            // Free slots weigh 0, and so does the code 0, which is found in free slots.
            sum += WeightIn(tables + first, wanted) + WeightIn(tables + second, wanted);
        }
        return Vector128.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Vector128<float> WeightIn(float* bucket, Vector128<int> wanted) =>
        Vector128.Equals(Vector128.Load((int*)bucket), wanted).AsSingle() & Vector128.Load(bucket + BucketSlots);

    /// <summary>The slot that holds a code, else a free one of the emptier of its buckets; -1 when both are full.</summary>
    private int FindSlot(Span<int> cells, int code)
    {
        (int first, int second) = BucketsOf(code);
        Span<int> one = cells.Slice(first, BucketSlots), other = cells.Slice(second, BucketSlots);
        if (one.IndexOf(code) is >= 0 and int here)
            return first + here;
        if (other.IndexOf(code) is >= 0 and int there)
            return second + there;
        // Slots fill from the front.
        int inOne = one.IndexOf(0), inOther = other.IndexOf(0);
        bool useOther = inOne < 0 || (inOther >= 0 && inOther < inOne);
        return useOther ? (inOther < 0 ? -1 : second + inOther) : first + inOne;
    }

    /// <summary>
    /// The starts of a code's two buckets, which differ. Fibonacci hashing for the first; the second lies an odd number of buckets off.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (int First, int Second) BucketsOf(int code)
    {
        uint buckets = (uint)Slots / BucketSlots, hash = (uint)code * 2654435769u;
        uint first = (uint)(((ulong)hash * buckets) >> 32);
        uint second = (first ^ ((hash >> 7) | 1)) & (buckets - 1);
        return ((int)first * BucketFloats, (int)second * BucketFloats);
    }
}
