using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using RecallCluster.Grains.Machines;
using RecallCluster.Serving.Users;

namespace RecallCluster.Grains.Hosting;

/// <summary>What the cluster's grains need of the silo that they live on.</summary>
public static class GrainHosting
{
    /// <summary>Registers it; what is registered already stays, such as an <see cref="IMachineStore"/> of one's own.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="node">The silo.</param>
    public static IServiceCollection AddRecallGrains(this IServiceCollection services, SiloNode node)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(node);
        services.TryAddSingleton(node);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IMachineStore>(_ => new MemoryMachineStore());
        services.TryAddSingleton(new MachineHostOptions());
        services.TryAddSingleton(new UserStoreOptions());
        services.TryAddSingleton<MachineServices>();
        return services;
    }
}
