using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>Actors are replaced on two silos.</summary>
public class ClusterActorRolloutTests : ActorRolloutContract
{
    protected override async Task<IActorLoop> StartAsync(LoopWorld world) => await OrleansLoop.StartAsync(world);
}
