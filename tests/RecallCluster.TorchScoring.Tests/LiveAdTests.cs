using RecallCluster.Retrieval.Files;
using RecallCluster.Serving;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.NewAds;

namespace RecallCluster.TorchScoring.Tests;

/// <summary>A shard on a device, to which ads come while it is asked.</summary>
[Collection(SharedShard.Name)]
public sealed class LiveAdTests(TrainedShard shard)
{
    [Theory]
    [InlineData("torch-cpu")]
    [InlineData("torch-cpu-walk")]
    public async Task The_device_goes_on_with_the_indexs_ads_once_one_came_live(string scorer)
    {
        using ShardScoring scoring = Open(scorer, out AdIndex index);
        IDeviceShard device = scoring.Device!;
        using (var served = new Shard(TimeProvider.System))
        {
            served.Add(scoring.ToVersion("v1", TimeProvider.System));
            await AssertScoredByAsync(device, served, index);
            Assert.Equal(ReferenceEquals(device.Walker, null), scorer == "torch-cpu");
        }
        Assert.Throws<ObjectDisposedException>(() => TrainedShard.Score(device.Scorer, shard.Users[1].State, [0]));
    }

    [Fact]
    public async Task Versions_that_share_a_device_leave_it_to_each_other()
    {
        using ShardScoring scoring = Open("torch-cpu", out AdIndex index);
        using (index)
        {
            for (int gateway = 0; gateway < 2; gateway++)
            {
                using var served = new Shard(TimeProvider.System);
                served.Add(scoring.Share("v1", team: null, TimeProvider.System));
                await AssertScoredByAsync(scoring.Device!, served, index);
            }
            Assert.NotEmpty(TrainedShard.Score(scoring.Device!.Scorer, shard.Users[1].State, [0]));
        }
    }

    [Fact]
    public async Task Versions_that_share_the_processors_scorer_leave_it_to_each_other()
    {
        IndexedModel indexed = IndexedModel.Load(shard.ModelFolder, shard.IndexFolder);
        using AdIndex index = indexed.OpenShard(0);
        using ShardScoring scoring = ShardScoring.OnProcessor(indexed, index);
        for (int gateway = 0; gateway < 2; gateway++)
        {
            using var served = new Shard(TimeProvider.System);
            served.Add(scoring.Share("v1", team: null, TimeProvider.System));
            await AssertFindsTheNewAsync(served, index);
        }
    }

    private async Task AssertScoredByAsync(IDeviceShard device, Shard served, AdIndex index)
    {
        DeviceFigures before = device.Figures;
        await AssertFindsTheNewAsync(served, index);
        DeviceFigures meanwhile = device.Figures;
        Assert.True(meanwhile.Scorings > before.Scorings);
        ShardAnswer answer = await served.SearchAsync(new ShardQuery("v1", shard.Users[2].State, 20), default);
        Assert.Equal(20, answer.Ads.Count);
        // All but the one that is new.
        Assert.InRange(device.Figures.Since(meanwhile).Scorings, answer.Scorings - 1, answer.Scorings);
    }

    /// <summary>An ad that is the twin of a user's best stands beside it.</summary>
    private async Task AssertFindsTheNewAsync(Shard served, AdIndex index)
    {
        var query = new ShardQuery("v1", shard.Users[1].State, 20);
        ScoredAd best = (await served.SearchAsync(query, default)).Ads[0];
        Assert.True(index.TryOrdinalOf(best.Id, out int ordinal));
        float[] vector = index.Vectors.Span((long)ordinal * index.Dim, index.Dim).ToArray();
        float[] record = index.Records.Span((long)ordinal * index.RecordLength, index.RecordLength).ToArray();
        served.Publish(new ShardAdditions("v1", new[] { new ShardChange("twin", new EmbeddedAd(vector, record, [])) }));

        ShardAnswer after = await served.SearchAsync(query, default);

        Assert.Equal([best.Id, "twin"], after.Ads.Take(2).Select(ad => ad.Id).OrderBy(id => id == "twin"));
        Assert.Equal(best.Score, after.Ads[1].Score, 1e-3);
    }

    private ShardScoring Open(string scorer, out AdIndex index)
    {
        IndexedModel indexed = IndexedModel.Load(shard.ModelFolder, shard.IndexFolder);
        index = indexed.OpenShard(0);
        var options = new DeviceOptions { Scorer = ScorerChoice.TryParse(scorer)!, Batches = DeviceBatches.OfProcessor };
        return ShardScoring.OnDevice(indexed, index, options, new TorchPlugin());
    }
}
