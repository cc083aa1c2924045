namespace RecallCluster.Serving.Tests.Market;

/// <summary>The gateway alone, with everything around it in memory.</summary>
public class AdGatewayTests : AdGatewayContract
{
    protected override ILoopHostFactory Factory { get; } = new InMemoryFactory();

    private sealed class InMemoryFactory : ILoopHostFactory
    {
        public Task<ILoopHost> StartAsync(LoopWorld world) => Task.FromResult<ILoopHost>(new InMemoryLoop(world));
    }
}
