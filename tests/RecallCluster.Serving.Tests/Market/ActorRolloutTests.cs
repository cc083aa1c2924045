namespace RecallCluster.Serving.Tests.Market;

/// <summary>Actors are replaced in one process with a state file.</summary>
public class ActorRolloutTests : ActorRolloutContract
{
    protected override async Task<IActorLoop> StartAsync(LoopWorld world) => await DurableLoop.StartAsync(world);
}
