using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Rollouts;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>Actors are replaced on two silos.</summary>
public class ClusterActorRolloutTests : ActorRolloutContract
{
    [Fact]
    public async Task Campaigns_decide_with_it_on_silos_that_they_do_not_belong_on_too()
    {
        CampaignSettings trained = LoopWorld.Campaign(1, 0.4, Micros.FromUnits(12)) with
        {
            Product = "click-cpc", Controller = "uscb", MaxCpc = 0.4, StartWeights = [0.4, 0.5],
        };
        await using OrleansLoop host = await OrleansLoop.StartAsync(
            new LoopWorld([trained], [LoopWorld.Ad("ad1-0", 1)]), hasControl: false);

        await host.Actors.PublishAsync("rising", SomeActors.Rising(), ActorLimits.None, default);
        await host.Grains.GetGrain<IActorsGrain>(0).StepAsync();
        await host.PassAsync(TimeSpan.FromMinutes(30)).WaitAsync(TimeSpan.FromMinutes(2));

        RolloutView rollout = await host.Actors.RolloutAsync(default);
        Assert.Equal("rising", rollout.Running!.Name);
        Assert.Equal(rollout.Running.Version, (await host.CampaignAsync(1)).Actors);
        // The files of versions are in the store once, however many steps there were.
        StoredMachine stored = await host.Store.LoadAsync(MachineFactory.ActorsKey, default);
        Assert.True(stored.SnapshotAt >= 3);
        Assert.Empty(stored.Tail);
    }

    [Fact]
    public void What_a_version_waits_for_is_named()
    {
        Assert.Equal("the silos of campaigns 7 have not read the version yet", ActorsGrain.WaitsFor([7]));
        Assert.Equal(
            "the silos of campaigns 1, 2, 3, 4, 5 and 2 more have not read the version yet", ActorsGrain.WaitsFor([1, 2, 3, 4, 5, 6, 7]));
    }

    protected override async Task<IActorLoop> StartAsync(LoopWorld world) => await OrleansLoop.StartAsync(world);
}
