using Orleans.TestingHost;
using RecallCluster.Grains.Contracts;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Tests;

namespace RecallCluster.Grains.Tests.Rollouts;

public sealed class IndexRolloutTests
{
    // What random models are compared by has no meaning: only that it is done has.
    private static readonly ShadowLimits Anything = new()
    {
        Requests = 20, Share = 1, LeastValue = 0, MostValue = 1e9, LeastOverlap = 0, MostLatency = 1e6,
    };

    [Fact]
    public async Task A_version_is_compared_under_traffic_switched_to_at_once_and_rolled_back()
    {
        await using IndexedCluster cluster = await IndexedCluster.StartAsync(gateways: 2);
        using var next = new HandMadeModel(IndexedCluster.Ads, seed: 2);
        cluster.Add("next", next);
        LiveTraffic[] traffic = [.. cluster.Gateways.Select(gateway => new LiveTraffic(gateway.Retriever, cluster.First, next))];

        Assert.False((await cluster.Indexes.PublishAsync("next", null, default)).IsRunning);
        RolloutView switched = await cluster.UntilAsync(view => view.Running?.Name == "next");
        await Task.WhenAll(traffic.Select(one => one.Switched)).WaitAsync(IndexedCluster.Patience);
        await Task.WhenAll(traffic.Select(one => one.EndAsync()));

        string[] versions = [$"{cluster.First.Fingerprint}.1", $"{next.Fingerprint}.2"];
        Assert.All(traffic, one => Assert.Equal(versions, one.Versions));
        Assert.Equal(versions[1], switched.Running!.Version);
        Assert.Equal(versions[0], switched.Previous!.Version);
        Assert.Equal(RolloutOutcome.Switched, switched.Last!.Outcome);
        Assert.True(switched.Last.Figures!["requests"] >= 20);
        Assert.Equal(0, switched.Last.Figures["failures"]);
        Assert.Contains(await cluster.Indexes.ListAsync(default), view => view is { Name: "next", IsRunning: true });

        var back = new LiveTraffic(cluster.Gateway.Retriever, cluster.First, next);
        RolloutView rolled = await cluster.Indexes.RollBackAsync(default);
        await back.Switched.WaitAsync(IndexedCluster.Patience);
        await back.EndAsync();
        Assert.Equal((versions[0], RolloutOutcome.RolledBack), (rolled.Running!.Version, rolled.Last!.Outcome));
        Assert.Equal([versions[1], versions[0]], back.Versions);

        // The gateways have left it: its memory can be had back.
        await cluster.DropPreviousAsync();
        Assert.Equal([versions[0]], (await cluster.Replica(0, 0).StateAsync()).Versions);
        await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.Indexes.RollBackAsync(default));
    }

    [Fact]
    public async Task What_is_broken_is_refused_by_name_and_the_old_version_goes_on()
    {
        await using IndexedCluster cluster = await IndexedCluster.StartAsync();
        using var next = new HandMadeModel(IndexedCluster.Ads, seed: 2);
        cluster.Add("broken", next);
        Break(cluster.FileOf("broken", 1));

        await cluster.Indexes.PublishAsync("broken", Anything, default);
        RolloutView refused = await cluster.UntilAsync(view => view.Last is not null && view.Last.Version.Name == "broken");

        Assert.Equal((RolloutOutcome.Refused, null), (refused.Last!.Outcome, refused.UnderWay));
        Assert.Contains("shard-1.index", refused.Last.Reason, StringComparison.Ordinal);
        Assert.Contains("on silo", refused.Last.Reason, StringComparison.Ordinal);
        await StillFirstAsync(cluster);
        await Assert.ThrowsAsync<Serving.InvalidRequestException>(() => cluster.Indexes.PublishAsync("none", null, default));
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_by_name()
    {
        using var small = new HandMadeModel(IndexedCluster.Ads, seed: 1);
        long room = 2 * IndexedCluster.BytesOf(small);
        await using IndexedCluster cluster = await IndexedCluster.StartAsync(shardMemory: room);
        using var large = new HandMadeModel(20 * IndexedCluster.Ads, seed: 2);
        cluster.Add("large", large);

        await cluster.Indexes.PublishAsync("large", Anything, default);
        RolloutView refused = await cluster.UntilAsync(view => view.Last?.Version.Name == "large");

        Assert.Equal(RolloutOutcome.Refused, refused.Last!.Outcome);
        Assert.Contains($"{large.Fingerprint}.2 does not fit", refused.Last.Reason, StringComparison.Ordinal);
        Assert.Contains($"at most {room}", refused.Last.Reason, StringComparison.Ordinal);
        await StillFirstAsync(cluster);
    }

    [Fact]
    public async Task What_does_worse_than_its_limits_on_live_requests_is_refused()
    {
        await using IndexedCluster cluster = await IndexedCluster.StartAsync();
        using var next = new HandMadeModel(IndexedCluster.Ads, seed: 2);
        cluster.Add("next", next);
        var traffic = new LiveTraffic(cluster.Gateway.Retriever, cluster.First, next);

        await cluster.Indexes.PublishAsync("next", Anything with { LeastOverlap = 1 }, default);
        RolloutView refused = await cluster.UntilAsync(view => view.Last?.Version.Name == "next");
        await traffic.EndAsync();

        Assert.Equal(RolloutOutcome.Refused, refused.Last!.Outcome);
        Assert.StartsWith("overlap 0", refused.Last.Reason, StringComparison.Ordinal);
        Assert.InRange(refused.Last.Figures!["overlap"], 0, 0.99);
        Assert.Single(traffic.Versions);
        await StillFirstAsync(cluster);
    }

    [Fact]
    public async Task A_roll_out_goes_on_when_its_grain_has_moved_and_can_be_abandoned()
    {
        await using IndexedCluster cluster = await IndexedCluster.StartAsync();
        using var next = new HandMadeModel(IndexedCluster.Ads, seed: 2);
        cluster.Add("next", next);
        await cluster.Indexes.PublishAsync("next", Anything, default);
        RolloutView before = await cluster.UntilAsync(view => view.UnderWay?.Phase == RolloutPhase.Shadowing);
        await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.Indexes.PublishAsync("next", null, default));

        await cluster.Cluster.DeactivateAsync(cluster.Index);
        RolloutView after = await cluster.Indexes.RolloutAsync(default);
        Assert.Equal(before.UnderWay!.Version, after.UnderWay!.Version);
        // Nobody asked for anything yet: now somebody does.
        var traffic = new LiveTraffic(cluster.Gateway.Retriever, cluster.First, next);
        await cluster.UntilAsync(view => view.Running?.Name == "next");
        await traffic.Switched.WaitAsync(IndexedCluster.Patience);
        await traffic.EndAsync();

        cluster.Add("third", next);
        await cluster.Indexes.PublishAsync("third", Anything, default);
        await cluster.UntilAsync(view => view.UnderWay?.Phase == RolloutPhase.Shadowing);
        RolloutView abandoned = await cluster.Indexes.RollBackAsync(default);
        Assert.Equal((RolloutOutcome.Abandoned, "next", null), (abandoned.Last!.Outcome, abandoned.Running!.Name, abandoned.UnderWay));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_roll_out_whose_silo_is_killed_while_it_loads_goes_on_from_another_one(bool isBroken)
    {
        await using IndexedCluster cluster = await IndexedCluster.StartAsync(silos: 3);
        using var next = new HandMadeModel(IndexedCluster.Ads, seed: 2);
        cluster.Add("next", next);
        if (isBroken)
            Break(cluster.FileOf("next", 0));
        // The gateway is on the first silo, the roll-out on the last.
        await cluster.PlaceAsync(cluster.Index, silo: 2);
        var traffic = new LiveTraffic(cluster.Gateway.Retriever, silosFall: true, cluster.First, next);
        cluster.Loading.Close();
        await cluster.Indexes.PublishAsync("next", Anything, default);
        const int Calls = IndexedCluster.Shards * IndexedCluster.Replicas;
        await HeldAsync(cluster, Calls);
        RolloutView before = await cluster.Indexes.RolloutAsync(default);
        Assert.Equal(RolloutPhase.Loading, before.UnderWay!.Phase);

        InProcessSiloHandle killed = cluster.Cluster.Silos[2];
        await cluster.Cluster.KillSiloAsync(killed);

        // Another silo has it as it was, and tells the replicas again; requests are answered meanwhile, by the version that is in use.
        RolloutView after = await cluster.UntilAsync(view => view.UnderWay is not null);
        await HeldAsync(cluster, 2 * Calls);
        Assert.Equal((before.UnderWay.Version, RolloutPhase.Loading), (after.UnderWay!.Version, after.UnderWay.Phase));
        Assert.NotEqual(killed.SiloAddress, await cluster.HomeOfAsync(cluster.Index));
        int answered = traffic.Answers;
        await IndexedCluster.UntilAsync(() => Task.FromResult(traffic.Answers), answers => answers >= answered + 50);
        string first = $"{cluster.First.Fingerprint}.1", second = $"{next.Fingerprint}.2";
        Assert.Equal([first], traffic.Versions);

        cluster.Loading.Open();
        RolloutView ended = await cluster.UntilAsync(view => view.UnderWay is null);
        if (isBroken)
        {
            Assert.Equal((RolloutOutcome.Refused, first), (ended.Last!.Outcome, ended.Running!.Version));
            Assert.Contains("shard-0.index", ended.Last.Reason, StringComparison.Ordinal);
            await traffic.EndAsync();
            await StillFirstAsync(cluster);
        }
        else
        {
            Assert.Equal((RolloutOutcome.Switched, second), (ended.Last!.Outcome, ended.Running!.Version));
            await traffic.Switched.WaitAsync(IndexedCluster.Patience);
            await traffic.EndAsync();
        }
        Assert.Equal(isBroken ? [first] : [first, second], traffic.Versions);
    }

    /// <summary>Waits until so many calls to load a version are held.</summary>
    private static Task<int> HeldAsync(IndexedCluster cluster, int calls) =>
        IndexedCluster.UntilAsync(() => Task.FromResult(cluster.Loading.Held), held => held >= calls);

    /// <summary>Damages a file, behind the page that the fingerprint is of.</summary>
    private static void Break(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 0x55;
        File.WriteAllBytes(file, bytes);
    }

    /// <summary>Requests are answered with the first version, and soon the replicas hold no other one.</summary>
    private static async Task StillFirstAsync(IndexedCluster cluster)
    {
        string first = $"{cluster.First.Fingerprint}.1";
        Assert.Equal(first, (await cluster.Gateway.Retriever.AnswerAsync(IndexedCluster.Request("ad3"), default)).Version);
        for (int shard = 0; shard < IndexedCluster.Shards; shard++)
        {
            for (int replica = 0; replica < IndexedCluster.Replicas; replica++)
            {
                IShardGrain grain = cluster.Replica(shard, replica);
                await IndexedCluster.UntilAsync(grain.StateAsync, state => state.Versions is [{ } only] && only == first);
            }
        }
    }
}
