using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Guided;

/// <summary>
/// The working memory of one guided search at a time: keep one per thread or rent it from a <see cref="GuidedSearchScratchPool"/>. It
/// grows to what the largest request needed, and then no search allocates.
/// </summary>
public sealed class GuidedSearchScratch
{
    internal VisitedBitmap Bitmap;
    internal VisitedHashSet HashSet;

    /// <summary>Scores of ads met on upper layers.</summary>
    internal ScoreCache Cache;

    /// <summary>The ads found by one hop, and their scores.</summary>
    internal PinnedBuffer<int> Found;
    internal PinnedBuffer<float> FoundScores;

    /// <summary>Keys of ads found by one hop that had a score already.</summary>
    internal PinnedBuffer<ulong> Known;

    /// <summary>The best of the layer (W): the ones it had, then the new ones, which are the next frontier (C).</summary>
    internal PinnedBuffer<ulong> Best;
    internal PinnedBuffer<ulong> Selection;

    /// <summary>The eligible part of a batch; where a ranking decides, of all batches so far.</summary>
    internal PinnedBuffer<int> EligibleOrdinals;
    internal PinnedBuffer<float> EligibleScores;

    /// <summary>What a ranking made of the last batch, and its keys; where groups are bounded, the keys of all batches so far.</summary>
    internal PinnedBuffer<float> Values;
    internal PinnedBuffer<ulong> ValueKeys;

    /// <summary>How many of each group a result holds so far; all zero between requests.</summary>
    internal int[] GroupCounts = [];

    /// <summary>The values of a result whose caller does not want them.</summary>
    internal PinnedBuffer<float> ResultValues;

    /// <summary>The eligible ads of an index that changes, as they were when the request began.</summary>
    internal PinnedBuffer<ulong> Eligible;

    /// <summary>One row of a growing graph, less the nodes that are too new.</summary>
    internal PinnedBuffer<int> Row;

    /// <summary>What will be returned.</summary>
    internal TopKCollector Collector { get; } = new();

    /// <summary>Turns places among the eligible ads, which is what a ranked collection holds, into those ads and their scores.</summary>
    internal unsafe void ResolvePlaces(Span<int> places, Span<float> scores)
    {
        for (int i = 0; i < places.Length; i++)
        {
            int place = places[i];
            places[i] = EligibleOrdinals.Pointer[place];
            scores[i] = EligibleScores.Pointer[place];
        }
    }
}

/// <summary>A pool of scratch without a lock; what does not fit in it is left to the garbage collector.</summary>
public sealed class GuidedSearchScratchPool
{
    private readonly GuidedSearchScratch?[] _slots;

    /// <summary>A pool that keeps up to <paramref name="capacity"/> scratches.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is not positive.</exception>
    public GuidedSearchScratchPool(int capacity = 64)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _slots = new GuidedSearchScratch?[capacity];
    }

    /// <summary>A scratch for exclusive use, until it is returned.</summary>
    public GuidedSearchScratch Rent()
    {
        foreach (ref GuidedSearchScratch? slot in _slots.AsSpan())
        {
            if (slot is not null && Interlocked.Exchange(ref slot, null) is { } scratch)
                return scratch;
        }
        return new GuidedSearchScratch();
    }

    /// <summary>Gives a rented scratch back; its renter must not touch it afterwards.</summary>
    public void Return(GuidedSearchScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        foreach (ref GuidedSearchScratch? slot in _slots.AsSpan())
        {
            if (slot is null && Interlocked.CompareExchange(ref slot, scratch, null) is null)
                return;
        }
    }
}
