using System.Runtime.CompilerServices;

namespace RecallCluster.Learning.Scoring;

/// <summary>The operands of one call: records, a user's state, the ads asked for and where their scores go.</summary>
internal readonly unsafe struct FoldedBatch(
    byte* records, int recordBytes, int itemCount, float* user, int* ordinals, int count, float* scores)
{
    /// <summary>Bytes of a record.</summary>
    public int RecordBytes => recordBytes;

    public float* User => user;

    public int* Ordinals => ordinals;

    public int Count => count;

    public float* Scores => scores;

    /// <summary>The record of the ad at <paramref name="index"/>, its ordinal checked: the records are raw memory.</summary>
    public byte* Record(int index)
    {
        int ordinal = ordinals[index];
        if ((uint)ordinal >= (uint)itemCount)
            throw Outside(ordinal, itemCount);
        return records + ((nint)ordinal * recordBytes);
    }

    /// <summary>Where the record would be, to be fetched but not read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* UncheckedRecord(int index) => records + ((nint)ordinals[index] * recordBytes);

    private static ArgumentOutOfRangeException Outside(int ordinal, int itemCount) =>
        new(nameof(ordinal), ordinal, $"There are {itemCount} ads; ordinals run from 0.");
}
