using System.Text.Json;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Tests.Cluster;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Rollouts;

public sealed class PublishingTests
{
    [Fact]
    public async Task A_version_that_is_refused_because_another_one_is_on_its_way_changes_nothing()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        IIndexGrain index = host.Grains.GetGrain<IIndexGrain>("empty");
        IndexState state = await index.EnsureAsync(Version("a"), 2);
        while (state.Current is null)
            state = await index.NextAsync(state.Place, null) ?? state;
        // Without live requests it is compared for as long as it may.
        byte[] compared = JsonSerializer.SerializeToUtf8Bytes(new ShadowLimits(), GrainsJson.Default.ShadowLimits);
        await index.PublishAsync(Version("b"), compared, null);

        await Assert.ThrowsAsync<InvalidOperationException>(() => index.PublishAsync(Version("c"), compared, 5));

        Assert.Equal(2, (await index.StateAsync()).Replicas);
    }

    /// <summary>An index without shards: it is loaded at once, everywhere.</summary>
    private static IndexVersion Version(string name) => new(name, "", "", 0, 0) { Title = name };
}
