using System.Buffers;
using System.Runtime.Intrinsics;

namespace RecallCluster.Numerics;

/// <summary>
/// The k largest of many scores, in time linear in their number: quickselect (Hoare, 1961) over <see cref="TopKKey"/>s with the pivot taken
/// from a sorted sample at the wanted rank (after Floyd &amp; Rivest, 1975; of few keys from three), the partition done by lane compression
/// where AVX-512 is there.
/// Deterministic: equal scores are ordered by ordinal, NaN is never selected.
/// </summary>
public static unsafe class TopK
{
    private const int SampleSize = 31;
    private const int SampleFrom = 96;
    private const int SortBelow = 12;
    private const int RadixFrom = 256;
    private const int PartitionRounds = 48;

    /// <summary>Number of keys that the key methods may write past the ones they report; every buffer needs this much spare room.</summary>
    public const int Slack = TopKKey.Slack;

    /// <summary>The k largest scores with their positions, best first.</summary>
    /// <param name="scores">Scores; NaN is skipped.</param>
    /// <param name="k">How many are wanted, at least 1.</param>
    /// <param name="ordinals">Receives the positions; room for min(k, scores.Length).</param>
    /// <param name="topScores">Receives the scores; room for min(k, scores.Length).</param>
    /// <returns>Number of pairs written: less than k when there are fewer numbers.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="k"/> is not positive.</exception>
    /// <exception cref="ArgumentException">An output is too short.</exception>
    public static int Select(ReadOnlySpan<float> scores, int k, Span<int> ordinals, Span<float> topScores)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(k);
        int room = Math.Min(k, scores.Length);
        if (ordinals.Length < room || topScores.Length < room)
            throw new ArgumentException($"The outputs hold {ordinals.Length} ordinals and {topScores.Length} scores; {room} are wanted.");
        ulong[] keys = ArrayPool<ulong>.Shared.Rent(2 * (scores.Length + Slack));
        try
        {
            fixed (ulong* pairs = keys)
            {
                int count;
                fixed (float* values = scores)
                    count = TopKKey.AppendConsecutiveAbove(0, values, scores.Length, TopKKey.None, pairs, out _);
                ulong* scratch = pairs + scores.Length + Slack;
                count = KeepLargest(pairs, count, k, scratch, out _);
                return Unpack(new Span<ulong>(pairs, count), ordinals, topScores);
            }
        }
        finally
        {
            ArrayPool<ulong>.Shared.Return(keys);
        }
    }

    /// <summary>Sorts <paramref name="keys"/> best first and unpacks them.</summary>
    /// <returns>The number of keys.</returns>
    public static int Unpack(Span<ulong> keys, Span<int> ordinals, Span<float> scores)
    {
        SortDescending(keys);
        for (int i = 0; i < keys.Length; i++)
        {
            ordinals[i] = TopKKey.Ordinal(keys[i]);
            scores[i] = TopKKey.Score(keys[i]);
        }
        return keys.Length;
    }

    /// <summary>
    /// Sorts distinct keys best first, in place: long ones by a radix sort of the scores (least significant byte first), after which only
    /// keys of equal score are left to be ordered.
    /// </summary>
    public static void SortDescending(Span<ulong> keys)
    {
        if (keys.Length < RadixFrom)
        {
            keys.Sort();
            keys.Reverse();
            return;
        }
        ulong[] rented = ArrayPool<ulong>.Shared.Rent(keys.Length);
        SortByScore(keys, rented.AsSpan(0, keys.Length));
        ArrayPool<ulong>.Shared.Return(rented);
        for (int start = 0; start < keys.Length;)
        {
            int end = start + 1;
            while (end < keys.Length && keys[end] >> 32 == keys[start] >> 32)
                end++;
            if (end - start > 1)
            {
                keys[start..end].Sort();
                keys[start..end].Reverse();
            }
            start = end;
        }
    }

    private static void SortByScore(Span<ulong> keys, Span<ulong> other)
    {
        const int Buckets = 256, Passes = 4;
        Span<int> starts = stackalloc int[Buckets * Passes];
        starts.Clear();
        foreach (ulong key in keys)
        {
            for (int pass = 0; pass < Passes; pass++)
                starts[(pass * Buckets) + Bucket(key, pass)]++;
        }
        for (int pass = 0; pass < Passes; pass++)
        {
            Span<int> start = starts.Slice(pass * Buckets, Buckets);
            int next = 0;
            foreach (ref int bucket in start)
                (bucket, next) = (next, next + bucket);
            foreach (ulong key in keys)
                other[start[Bucket(key, pass)]++] = key;

            // After an even number of passes the keys are back where they were.
            Span<ulong> swapped = keys;
            keys = other;
            other = swapped;
        }

        // The bytes of the score from the lowest to the highest; the largest byte comes first.
        static int Bucket(ulong key, int pass) => 255 - (int)((key >> (32 + (8 * pass))) & 255);
    }

    /// <summary>Moves the <paramref name="k"/> largest keys to the front, in their input order.</summary>
    /// <param name="keys">Distinct keys, <paramref name="count"/> of them.</param>
    /// <param name="count">Number of keys.</param>
    /// <param name="k">How many to keep, at least 1.</param>
    /// <param name="scratch">Room for <paramref name="count"/> + <see cref="Slack"/> keys.</param>
    /// <param name="smallest">The smallest key kept when <paramref name="k"/> were kept, else <see cref="TopKKey.None"/>.</param>
    /// <returns>Number of keys kept: min(k, count).</returns>
    public static int KeepLargest(ulong* keys, int count, int k, ulong* scratch, out ulong smallest)
    {
        if (count < k)
        {
            smallest = TopKKey.None;
            return count;
        }
        smallest = KthLargest(keys, count, k, scratch);
        return count == k ? k : CompactAbove(keys, count, smallest - 1);
    }

    /// <summary>Moves the <paramref name="k"/> largest keys to the front; both parts stay in their input order.</summary>
    /// <param name="keys">Distinct keys, <paramref name="count"/> of them.</param>
    /// <param name="count">Number of keys.</param>
    /// <param name="k">How many to move, 1 to <paramref name="count"/>.</param>
    /// <param name="scratch">Room for <paramref name="count"/> + <see cref="Slack"/> keys.</param>
    public static void MoveLargestToFront(ulong* keys, int count, int k, ulong* scratch)
    {
        if (k == count)
            return;
        ulong smallest = KthLargest(keys, count, k, scratch);
        int others = CopyBelow(keys, count, smallest, scratch);
        CompactAbove(keys, count, smallest - 1);
        new ReadOnlySpan<ulong>(scratch, others).CopyTo(new Span<ulong>(keys + k, others));
    }

    /// <summary>Keeps the keys above <paramref name="threshold"/>, in their order, at the front.</summary>
    /// <returns>Number of keys kept.</returns>
    public static int CompactAbove(ulong* keys, int count, ulong threshold) => CopyAbove(keys, count, threshold, keys);

    /// <summary>The <paramref name="k"/>-th largest of distinct keys.</summary>
    /// <param name="keys">Distinct keys; left as they are.</param>
    /// <param name="count">Number of keys.</param>
    /// <param name="k">Rank from the top, 1 to <paramref name="count"/>.</param>
    /// <param name="scratch">Room for <paramref name="count"/> + <see cref="Slack"/> keys; may not overlap <paramref name="keys"/>.</param>
    public static ulong KthLargest(ulong* keys, int count, int k, ulong* scratch)
    {
        if (count <= 0 || k <= 0 || k > count)
            throw new ArgumentOutOfRangeException(nameof(k), $"Rank {k} of {count} keys was asked for.");
        ulong* source = keys;
        for (int round = 0; round < PartitionRounds && count > SortBelow; round++)
        {
            ulong pivot = count > SampleFrom ? SampleAtRank(source, count, k) : OneOfThree(source, count, k);
            int above = CountAbove(source, count, pivot);
            if (above == k - 1)
                return pivot;
            // The side that holds the wanted rank goes on, in the scratch; from the second round on in place.
            if (above >= k)
            {
                count = CopyAbove(source, count, pivot, scratch);
            }
            else
            {
                k -= above + 1;
                count = CopyBelow(source, count, pivot, scratch);
            }
            source = scratch;
        }
        if (source != scratch)
            new ReadOnlySpan<ulong>(keys, count).CopyTo(new Span<ulong>(scratch, count));
        var rest = new Span<ulong>(scratch, count);
        rest.Sort();
        return rest[count - k];
    }

    private static ulong SampleAtRank(ulong* keys, int count, int k)
    {
        Span<ulong> sample = stackalloc ulong[SampleSize];
        long stride = count / SampleSize;
        for (int i = 0; i < SampleSize; i++)
        {
            ulong key = keys[(stride * i) + (stride / 2)];
            int at = i;
            for (; at > 0 && sample[at - 1] < key; at--)
                sample[at] = sample[at - 1];
            sample[at] = key;
        }
        return sample[(int)((long)(k - 1) * SampleSize / count)];
    }

    /// <summary>A pivot for few keys: of three of them, the one whose rank is likeliest near the wanted one.</summary>
    private static ulong OneOfThree(ulong* keys, int count, int k)
    {
        ulong first = keys[0], middle = keys[count / 2], last = keys[count - 1];
        ulong largest = Math.Max(Math.Max(first, middle), last), smallest = Math.Min(Math.Min(first, middle), last);
        return 3 * k <= count ? largest : 3 * (count - k) < count ? smallest : first ^ middle ^ last ^ largest ^ smallest;
    }

    private static int CountAbove(ulong* keys, int count, ulong pivot)
    {
        int above = 0, i = 0;
        if (Simd.Path >= SimdPath.Avx512)
        {
            Vector512<ulong> bound = Vector512.Create(pivot);
            for (; i + 8 <= count; i += 8)
            {
                ulong lanes = Vector512.GreaterThan(Vector512.Load(keys + i), bound).ExtractMostSignificantBits();
                above += System.Numerics.BitOperations.PopCount(lanes);
            }
        }
        for (; i < count; i++)
            above += keys[i] > pivot ? 1 : 0;
        return above;
    }

    /// <summary>Copies the keys above a threshold, in their order.</summary>
    /// <param name="keys">Keys, <paramref name="count"/> of them.</param>
    /// <param name="count">Number of keys.</param>
    /// <param name="pivot">The threshold.</param>
    /// <param name="destination">
    /// Room for <paramref name="count"/> + <see cref="Slack"/> keys. It may start at or before <paramref name="keys"/> in the same block:
    /// a group of lanes is read before anything is written over it.
    /// </param>
    /// <returns>Number of keys written.</returns>
    public static int CopyAbove(ulong* keys, int count, ulong pivot, ulong* destination)
    {
        int written = 0, i = 0;
        if (Simd.Path >= SimdPath.Avx512)
        {
            Vector512<ulong> bound = Vector512.Create(pivot);
            for (; i + 8 <= count; i += 8)
                written += TopKKey.CompressAbove(Vector512.Load(keys + i), bound, destination + written);
        }
        for (; i < count; i++)
        {
            ulong key = keys[i];
            destination[written] = key;
            written += key > pivot ? 1 : 0;
        }
        return written;
    }

    private static int CopyBelow(ulong* keys, int count, ulong pivot, ulong* destination)
    {
        int written = 0, i = 0;
        if (Simd.Path >= SimdPath.Avx512)
        {
            // Complementing turns "below the pivot" into "above its complement".
            Vector512<ulong> bound = Vector512.Create(~pivot);
            for (; i + 8 <= count; i += 8)
            {
                Vector512<ulong> lanes = Vector512.Load(keys + i);
                Vector512<ulong> below = Vector512.GreaterThan(~lanes, bound);
                System.Runtime.Intrinsics.X86.Avx512F.Compress(Vector512<ulong>.Zero, below, lanes).Store(destination + written);
                written += System.Numerics.BitOperations.PopCount(below.ExtractMostSignificantBits());
            }
        }
        for (; i < count; i++)
        {
            ulong key = keys[i];
            destination[written] = key;
            written += key < pivot ? 1 : 0;
        }
        return written;
    }
}
