using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Placement;
using RecallCluster.Grains.Shards;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Hosting;

/// <summary>What the cluster's grains need of the silo that they live on.</summary>
public static class GrainHosting
{
    /// <summary>Registers it; what is registered already stays, such as an <see cref="IMachineStore"/> of one's own.</summary>
    /// <param name="services">The silo's services; the silo itself is registered before this.</param>
    /// <param name="node">The silo.</param>
    public static IServiceCollection AddRecallGrains(this IServiceCollection services, SiloNode node)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(node);
        services.TryAddSingleton(node);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new ClusterClock(provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<IMachineStore>(_ => new MemoryMachineStore());
        services.TryAddSingleton(new MachineHostOptions());
        services.TryAddSingleton(new ServingStateOptions());
        services.TryAddSingleton(provider => provider.GetRequiredService<ServingStateOptions>().Users);
        services.TryAddSingleton(new GatewayLoopOptions());
        services.TryAddSingleton(new RolloutOptions());
        services.TryAddSingleton<MachineServices>();
        services.TryAddSingleton<MachineFactory>();
        services.TryAddSingleton<BookReader>();
        services.TryAddSingleton<SiloMarket>();
        services.AddSingleton<ISiloPart>(provider => provider.GetRequiredService<SiloMarket>());
        services.TryAddSingleton<SiloShards>();
        services.TryAddSingleton<IGatewayComposition, GatewayComposition>();
        services.AddPlacementDirector<RolePlacement, RolePlacementDirector>();
        services.AddPlacementDirector<ShardPlacement, ShardPlacementDirector>();
        services.AddSingleton<IHostedService, MarketOpening>();
        return services;
    }
}
