using RecallCluster.Numerics;

namespace RecallCluster.Serving;

/// <summary>
/// Which shard an ad belongs to: a function of its id and the number of shards alone, equal on every machine, and such that adding a shard
/// moves only the ads that go to it. Source: jump consistent hash, Lamping &amp; Veach, arXiv 1406.2294, over FNV-1a of the id's UTF-8
/// bytes.
/// </summary>
public sealed class ShardMap
{
    /// <summary>A map onto <paramref name="shards"/> shards.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="shards"/> is not positive.</exception>
    public ShardMap(int shards)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shards);
        Shards = shards;
    }

    /// <summary>Number of shards.</summary>
    public int Shards { get; }

    /// <summary>The shard of the ad <paramref name="id"/>, in [0, <see cref="Shards"/>).</summary>
    public int ShardOf(string id)
    {
        ulong key = StableHash.Of(id);
        long shard = -1, next = 0;
        while (next < Shards)
        {
            shard = next;
            key = (key * 2862933555777941757UL) + 1;
            next = (long)((shard + 1) * ((double)(1L << 31) / ((key >> 33) + 1)));
        }
        return (int)shard;
    }

    /// <summary>The rows of each shard, ascending.</summary>
    /// <param name="ids">Id of each row.</param>
    public int[][] Partition(IReadOnlyList<string> ids)
    {
        var rows = new List<int>[Shards];
        for (int shard = 0; shard < Shards; shard++)
            rows[shard] = new List<int>((ids.Count / Shards) + 1);
        for (int row = 0; row < ids.Count; row++)
            rows[ShardOf(ids[row])].Add(row);
        return Array.ConvertAll(rows, r => r.ToArray());
    }

    /// <summary>
    /// How many ads to ask of a shard for the <paramref name="k"/> best of all. Ads fall on shards by a hash, so the number of the K best
    /// on one shard is binomial: its mean and four standard deviations leave too few once in tens of thousands of requests.
    /// </summary>
    /// <param name="k">Ads wanted of all shards together; positive.</param>
    /// <param name="share">The shard's share of the ads, in [0, 1].</param>
    public static int QuotaOf(int k, double share) =>
        (int)Math.Min(k, Math.Ceiling((k * share) + (4 * Math.Sqrt(k * share * (1 - share))) + 3));
}
