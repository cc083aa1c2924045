using RecallCluster.Numerics;

namespace RecallCluster.Serving.Tests;

public class ShardMapTests
{
    private static readonly string[] Ids = [.. Enumerable.Range(0, 20_000).Select(i => $"ad-{i}")];

    [Fact]
    public void Every_row_goes_to_exactly_one_shard_and_shards_are_even()
    {
        int[][] rows = new ShardMap(7).Partition(Ids);

        Assert.Equal(Enumerable.Range(0, Ids.Length), rows.SelectMany(r => r).Order());
        // 20,000 / 7 = 2,857 with a standard deviation of 49.
        Assert.All(rows, r => Assert.InRange(r.Length, 2_600, 3_100));
        Assert.All(rows, r => Assert.Equal(r.Order(), r));
    }

    [Fact]
    public void A_further_shard_only_receives()
    {
        var before = new ShardMap(4);
        var after = new ShardMap(5);

        string[] moved = [.. Ids.Where(id => before.ShardOf(id) != after.ShardOf(id))];

        Assert.All(moved, id => Assert.Equal(4, after.ShardOf(id)));
        Assert.InRange(moved.Length, 3_600, 4_400);
    }

    [Fact]
    public void The_map_is_the_same_everywhere()
    {
        // Literal values: a change of the hash would silently orphan every index file that was ever partitioned.
        // They come from a separate implementation of the same two algorithms.
        var map = new ShardMap(10);
        Assert.Equal(ExpectedShards, new[] { "", "1", "2", "ad-17", "Ünïcödé-広告", new string('x', 300) }.Select(map.ShardOf));
    }

    private static readonly int[] ExpectedShards = [6, 9, 1, 0, 9, 9];

    [Theory]
    [InlineData(200, 1.0, 200)]
    [InlineData(200, 0.0, 3)]
    [InlineData(2, 0.0, 2)]
    [InlineData(400, 0.25, 138)]
    public void A_shard_is_asked_for_its_share_and_four_standard_deviations(int k, double share, int quota) =>
        Assert.Equal(quota, ShardMap.QuotaOf(k, share));

    [Fact]
    public void Merging_equals_sorting_everything()
    {
        var random = new SeededRandom(5);
        for (int round = 0; round < 200; round++)
        {
            int k = 1 + random.NextInt(30);
            ShardAnswer[] answers =
            [
                .. Enumerable.Range(0, 1 + random.NextInt(5)).Select(_ => new ShardAnswer(
                    [.. Enumerable.Range(0, random.NextInt(20)).Select(_ => new ScoredAd(
                        $"{random.NextInt(40)}", random.NextSingle())).DistinctBy(a => a.Id).OrderByDescending(a => a.Score)],
                    0,
                    SearchLimits.None)),
            ];
            ScoredAd[] wanted =
            [
                .. answers.SelectMany(a => a.Ads).GroupBy(a => a.Id).Select(
                    g => g.MaxBy(a => a.Score)).OrderByDescending(a => a.Score).Take(k),
            ];

            Assert.Equal(wanted, ShardMerge.Top(answers, k));
        }
    }

    [Fact]
    public void Merging_under_a_bound_of_ads_per_campaign_equals_sorting_everything()
    {
        var random = new SeededRandom(6);
        for (int round = 0; round < 300; round++)
        {
            int k = 1 + random.NextInt(30), most = 1 + random.NextInt(3);
            ScoredAd[][] shards =
            [
                .. Enumerable.Range(0, 1 + random.NextInt(4)).Select(shard => Enumerable.Range(0, random.NextInt(40)).Select(
                    i => new ScoredAd($"{shard}-{i}", random.NextSingle()) { Campaign = random.NextInt(6) })
                    .OrderByDescending(a => a.Value).ToArray()),
            ];
            ShardAnswer[] answers = [.. shards.Select(ads => new ShardAnswer([.. Under(ads, k, most)], 0, SearchLimits.None))];

            Assert.Equal(
                Under(shards.SelectMany(ads => ads).OrderByDescending(a => a.Value), k, most), ShardMerge.Top(answers, k, most));
        }

        static IEnumerable<ScoredAd> Under(IEnumerable<ScoredAd> bestFirst, int k, int most)
        {
            var had = new Dictionary<int, int>();
            return bestFirst.Where(ad => (had[ad.Campaign] = had.GetValueOrDefault(ad.Campaign) + 1) <= most).Take(k);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    public void There_is_at_least_one_shard(int shards) => Assert.Throws<ArgumentOutOfRangeException>(() => new ShardMap(shards));
}
