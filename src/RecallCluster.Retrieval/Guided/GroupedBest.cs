using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Guided;

/// <summary>
/// The best of many ads of which no group has more than a bound: best first, an ad whose group is full is passed over. Only a prefix of the
/// order is ever sorted; it doubles until it yields enough, so that the work is linear in the ads unless few groups hold the best of them.
/// </summary>
internal static unsafe class GroupedBest
{
    /// <summary>Moves the kept keys to the front, best first.</summary>
    /// <param name="keys">Distinct keys of places, <paramref name="count"/> of them; what lies behind the kept ones is then in no
    /// order.</param>
    /// <param name="count">Number of keys.</param>
    /// <param name="k">Most to keep; positive.</param>
    /// <param name="ranking">Knows groups and bound.</param>
    /// <param name="ordinalOf">The ad of each place.</param>
    /// <param name="scratch">Working memory.</param>
    /// <param name="taken">By group, all zero, and left so.</param>
    /// <returns>Number of keys kept.</returns>
    public static int Select(
        ulong* keys, int count, int k, IResultRanking ranking, int* ordinalOf, ref PinnedBuffer<ulong> scratch, Span<int> taken)
    {
        int kept = 0, most = ranking.MostPerGroup, step = k;
        scratch.Reserve(count + TopK.Slack);
        for (int done = 0; done < count && kept < k; step *= 2)
        {
            int next = Math.Min(step, count - done);
            TopK.MoveLargestToFront(keys + done, count - done, next, scratch.Pointer);
            TopK.SortDescending(new Span<ulong>(keys + done, next));
            for (int i = done; i < done + next && kept < k; i++)
            {
                ref int had = ref taken[ranking.GroupOf(ordinalOf[TopKKey.Ordinal(keys[i])])];
                if (had >= most)
                    continue;
                had++;
                keys[kept++] = keys[i];
            }
            done += next;
            step = Math.Min(step, int.MaxValue / 2);
        }
        for (int i = 0; i < kept; i++)
            taken[ranking.GroupOf(ordinalOf[TopKKey.Ordinal(keys[i])])] = 0;
        return kept;
    }
}
