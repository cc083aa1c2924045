using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Versions.Compatibility;
using Orleans.Versions.Selector;
using RecallCluster.Grains.Experiments;
using RecallCluster.Grains.Feedback;
using RecallCluster.Grains.Gateways;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Placement;
using RecallCluster.Grains.Rollouts;
using RecallCluster.Grains.Shards;
using RecallCluster.Serving.Feedback;
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
        services.AddCommon(node);
        services.Configure<GrainVersioningOptions>(MixVersions);
        services.TryAddSingleton<IMachineStore>(_ => new MemoryMachineStore());
        services.TryAddSingleton(provider => provider.GetRequiredService<ServingStateOptions>().Users);
        services.TryAddSingleton(new GatewayLoopOptions());
        services.TryAddSingleton<OpenGateway>();
        services.TryAddSingleton<MachineServices>();
        services.TryAddSingleton<OpenMachines>();
        services.AddSingleton<IStoreKeeper>(provider => provider.GetRequiredService<OpenMachines>());
        services.AddSingleton<IHostedService, StoreWatch>();
        services.TryAddSingleton<KnownData>();
        services.TryAddSingleton<SiloShards>();
        services.TryAddSingleton<SiloActors>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<SiloActors>());
        services.TryAddSingleton<IGatewayComposition, GatewayComposition>();
        services.AddPlacementDirector<RolePlacement, RolePlacementDirector>();
        services.AddPlacementDirector<ShardPlacement, ShardPlacementDirector>();
        services.TryAddSingleton<MisplacedGrains>();
        services.AddSingleton<IConfigureGrainContextProvider>(provider => provider.GetRequiredService<MisplacedGrains>());
        services.AddSingleton<IHostedService, RoleReturn>();
        return services;
    }

    /// <summary>
    /// Registers what a front door in a process of its own needs, an Orleans client; what is registered already stays.
    /// </summary>
    /// <param name="services">The process' services; the client itself is registered before this.</param>
    /// <param name="node">The door's process.</param>
    public static IServiceCollection AddRecallDoor(this IServiceCollection services, SiloNode node)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(node);
        services.AddCommon(node);
        services.TryAddSingleton<GatewaySpread>();
        services.TryAddSingleton<IGatewayComposition, DoorComposition>();
        return services;
    }

    /// <summary>
    /// How silos of two versions work together. A grain of a newer version serves callers of older ones; one that a newer caller finds on
    /// an older silo ends there and begins where it is understood. Of the silos that understand a call all may take the grain: if only the
    /// newest could, the first silo of a new version would get every grain that begins, whatever its role.
    /// </summary>
    private static void MixVersions(GrainVersioningOptions options)
    {
        options.DefaultCompatibilityStrategy = nameof(BackwardCompatible);
        options.DefaultVersionSelectorStrategy = nameof(AllCompatibleVersions);
    }

    /// <summary>What silos and doors have alike: the contracts, the market, the published campaigns, the stream of feedback.</summary>
    private static void AddCommon(this IServiceCollection services, SiloNode node)
    {
        services.AddRecallContracts();
        services.TryAddSingleton(node);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new ClusterClock(provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(MachinesOf(node));
        services.AddFeedbackStore(node);
        services.TryAddSingleton(new ServingStateOptions());
        services.TryAddSingleton(new RolloutOptions());
        services.TryAddSingleton<MachineFactory>();
        services.TryAddSingleton<BookReader>();
        services.TryAddSingleton<ExperimentReader>();
        services.TryAddSingleton<SiloMarket>();
        services.AddSingleton<ISiloPart>(provider => provider.GetRequiredService<SiloMarket>());
        services.AddSingleton<IHostedService, MarketOpening>();
    }

    /// <summary>A door that waits less for a campaign than usual finds that the campaign waits less for its followers.</summary>
    private static MachineHostOptions MachinesOf(SiloNode node)
    {
        var usual = new MachineHostOptions();
        TimeSpan most = node.FeedbackPatience / 2;
        return most < usual.FollowersWait ? usual with { FollowersWait = most } : usual;
    }

    /// <summary>The stream of events whose campaigns cannot be told now, and its reader.</summary>
    private static void AddFeedbackStore(this IServiceCollection services, SiloNode node)
    {
        services.TryAddSingleton(new FeedbackStoreOptions());
        services.TryAddSingleton<IFeedbackStore, MemoryFeedbackStore>();
        services.TryAddSingleton(all => new Deferral(
            new StreamedEvents(all.GetRequiredService<IFeedbackStore>()), node.FeedbackPatience, all.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(all => new FeedbackReader(
            all.GetRequiredService<IFeedbackStore>(),
            new GrainDelivery(all.GetRequiredService<IGrainFactory>(), gateway: 0, deferral: null),
            all.GetRequiredService<FeedbackStoreOptions>(), node.Name, all.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IHostedService>(static all => all.GetRequiredService<FeedbackReader>());
    }
}
