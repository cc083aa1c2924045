namespace RecallCluster.Numerics;

/// <summary>
/// The k largest scores of a stream of batches. Keys are appended unsorted; when the buffer is full, all but the k largest are dropped, and
/// their smallest becomes the threshold that later keys must pass. Amortised O(1) per score. Not thread-safe: one per worker, then
/// <see cref="Merge"/>.
/// </summary>
public sealed unsafe class TopKCollector
{
    private const int MinimumBatch = 2048;
    private PinnedBuffer<ulong> _keys;
    private PinnedBuffer<ulong> _scratch;
    private int _capacity;
    private int _count;
    private int _k;
    private ulong _threshold = TopKKey.None;

    /// <summary>Empties the collector and sets how many scores it keeps. Allocates only when <paramref name="k"/> grows.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="k"/> is not positive.</exception>
    public void Reset(int k)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(k);
        _capacity = checked((2 * k) + MinimumBatch);
        _keys.Reserve(_capacity + TopK.Slack);
        _scratch.Reserve(_capacity + TopK.Slack);
        _k = k;
        _count = 0;
        _threshold = TopKKey.None;
    }

    /// <summary>Number of scores held for the result: at most k.</summary>
    public int Count => Math.Min(_count, _k);

    /// <summary>Offers a batch of scores.</summary>
    /// <param name="ordinals">Ordinals; none that was offered before.</param>
    /// <param name="scores">One score per ordinal; NaN is skipped.</param>
    /// <returns>Number of scores that are NaN.</returns>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public int Add(ReadOnlySpan<int> ordinals, ReadOnlySpan<float> scores)
    {
        if (ordinals.Length != scores.Length)
            throw new ArgumentException($"{ordinals.Length} ordinals come with {scores.Length} scores.", nameof(scores));
        int nanTotal = 0;
        fixed (int* ordinal = ordinals)
        fixed (float* score = scores)
        {
            for (int start = 0; start < ordinals.Length;)
            {
                if (_count == _capacity)
                    Shrink();
                int length = Math.Min(ordinals.Length - start, _capacity - _count);
                _count += TopKKey.AppendAbove(ordinal + start, score + start, length, _threshold, _keys.Pointer + _count, out int nan);
                nanTotal += nan;
                start += length;
            }
        }
        return nanTotal;
    }

    /// <summary>Offers pairs that are packed already (<see cref="TopKKey"/>), of ordinals that were not offered before.</summary>
    public void AddKeys(ReadOnlySpan<ulong> keys)
    {
        foreach (ulong key in keys)
        {
            if (_count == _capacity)
                Shrink();
            _keys.Pointer[_count] = key;
            _count += key > _threshold ? 1 : 0;
        }
    }

    /// <summary>Takes over what <paramref name="other"/> holds (of distinct ordinals).</summary>
    public void Merge(TopKCollector other) => AddKeys(other._keys.Span(other._count));

    /// <summary>Writes the k largest, best first, and keeps them.</summary>
    /// <returns>Number of pairs written: less than k when fewer numbers were offered.</returns>
    /// <exception cref="ArgumentException">An output is shorter than <see cref="Count"/>.</exception>
    public int CopyTo(Span<int> ordinals, Span<float> scores)
    {
        if (ordinals.Length < Count || scores.Length < Count)
            throw new ArgumentException($"The outputs hold {ordinals.Length} ordinals and {scores.Length} scores; {Count} are wanted.");
        Shrink();
        return TopK.Unpack(new Span<ulong>(_keys.Pointer, _count), ordinals, scores);
    }

    private void Shrink() => _count = TopK.KeepLargest(_keys.Pointer, _count, _k, _scratch.Pointer, out _threshold);
}
