using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Shards;
using RecallCluster.Learning.Scoring;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Rollouts;

public sealed class NewAdTests
{
    private const string New = "an ad that no index knows";

    [Fact]
    public async Task A_new_ad_is_found_on_all_replicas_and_where_one_of_them_moves_to()
    {
        await using IndexedCluster cluster = await IndexedCluster.StartAsync(silos: 3);
        Ad ad = LoopWorld.Ad(New, 1) with { Features = new Dictionary<string, ProfileValue> { ["category"] = ProfileValue.OfCode(3) } };
        int shard = new ShardMap(IndexedCluster.Shards).ShardOf(New);

        await cluster.Gateway.Catalogue!.PutAsync(ad, default);

        Assert.Equal(AdStanding.Added, cluster.Gateway.Catalogue.StandingOf(New));
        var homes = new List<string>();
        for (int replica = 0; replica < IndexedCluster.Replicas; replica++)
        {
            homes.Add((await cluster.Replica(shard, replica).CatchUpAsync()).Silo);
            Assert.Contains(New, await FoundAsync(cluster, shard, replica));
        }
        Assert.Equal(2, homes.Distinct().Count());

        // Not the one that the gateway is on.
        int moved = homes.FindIndex(home => home != cluster.Cluster.Silos[0].Name);
        await cluster.Cluster.KillSiloAsync(cluster.Cluster.Silos.First(silo => silo.Name == homes[moved]));
        ShardState state = await ReachAsync(() => cluster.Replica(shard, moved).CatchUpAsync());
        Assert.DoesNotContain(state.Silo, homes);
        Assert.Contains(New, await ReachAsync(() => FoundAsync(cluster, shard, moved)));

        // An answer that is lost is asked for again, and then the ad was gone before.
        await ReachAsync(() => cluster.Gateway.Catalogue.RemoveAsync(New, default));
        Assert.Equal(AdStanding.Unknown, cluster.Gateway.Catalogue.StandingOf(New));
        for (int replica = 0; replica < IndexedCluster.Replicas; replica++)
        {
            int number = replica;
            IShardGrain asked = cluster.Replica(shard, number);
            await ReachAsync(asked.CatchUpAsync);
            Assert.DoesNotContain(New, await ReachAsync(() => FoundAsync(cluster, shard, number)));
        }
    }

    private static async Task<string[]> FoundAsync(IndexedCluster cluster, int shard, int replica)
    {
        using TargetVectors targets = TargetVectors.Compute(cluster.First.Model, cluster.First.Dataset.Items);
        using PreparedModel prepared = PreparedModel.Of(cluster.First.Model, targets);
        IndexVersion version = (await cluster.Index.StateAsync()).Current!;
        var asked = new GrainReplica(
            cluster.Replica(shard, replica), new ReplicaKey("ads", shard, replica), version.Name);
        ShardAnswer answer = await asked.SearchAsync(
            new ShardQuery(version.Name, new float[prepared.Encoder.UserStateLength], IndexedCluster.Ads + 1), default);
        return [.. answer.Ads.Select(found => found.Id)];
    }

    private static Task<T> ReachAsync<T>(Func<Task<T>> call) => IndexedCluster.UntilAsync(call, _ => true);
}
