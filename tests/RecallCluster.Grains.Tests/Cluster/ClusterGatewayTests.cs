using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>The closed loop over grains on two silos does what every closed loop does.</summary>
public class ClusterGatewayTests : AdGatewayContract
{
    protected override ILoopHostFactory Factory { get; } = new OrleansFactory();

    private sealed class OrleansFactory : ILoopHostFactory
    {
        public async Task<ILoopHost> StartAsync(LoopWorld world) => await OrleansLoop.StartAsync(world);
    }
}
