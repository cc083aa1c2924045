using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService.SiloMetadata;
using RecallCluster.Grains.Feedback;
using RecallCluster.Grains.Gateways;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Silo.Configuration;
using RecallCluster.Silo.Membership;
using RecallCluster.Silo.Storage;
using StackExchange.Redis;

namespace RecallCluster.Silo.Hosting;

/// <summary>Sets up the silo's runtime: membership, storage, reminders, the stream of feedback, serialisation.</summary>
internal static class OrleansSetup
{
    private const string DefaultStore = "Default";

    // A silo says every two seconds that it is alive: two small transactions, cheap for Redis even from hundreds of silos.
    private static readonly TimeSpan s_saysAlive = TimeSpan.FromSeconds(2);
    private const int AliveMissed = 5;

    // How soon a door learns of new gateways.
    private static readonly TimeSpan ListPeriod = TimeSpan.FromSeconds(5);

    /// <summary>Sets it up.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="redis">The connection that all share; null with localhost clustering.</param>
    public static void Configure(ISiloBuilder silo, SiloSettings settings, IConnectionMultiplexer? redis)
    {
        silo.UseSiloMetadata(SiloRoles.MetadataOf(settings.Node));
        silo.Configure<SiloOptions>(options => options.SiloName = settings.Node.Name);
        silo.Configure<GrainCollectionOptions>(options => options.CollectionAge = settings.IdleGrains);
        silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = settings.ResponseTimeout);
        silo.Configure<ConnectionOptions>(options => options.OpenConnectionTimeout = TimeSpan.FromSeconds(2));
        ConfigureMembership(silo, settings.Membership);
        // The usual directory forgets what a dead silo kept of it, and the grains entered there end wherever they are: replicas and
        // campaigns on living silos, too. This one asks the living for what they hold.
        silo.AddDistributedGrainDirectory();
        if (settings.Tls is { } tls)
            SiloTls.Use(silo, tls);
        if (redis is null)
            UseMemory(silo, settings);
        else
            UseRedis(silo, settings, redis);
    }

    /// <summary>Sets up a door's client, which tries to reach the cluster for as long as it takes.</summary>
    /// <param name="door">The client.</param>
    /// <param name="settings">The door's settings.</param>
    /// <param name="redis">The connection that all share; null with localhost clustering.</param>
    public static void Configure(IClientBuilder door, SiloSettings settings, IConnectionMultiplexer? redis)
    {
        door.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = settings.ResponseTimeout);
        door.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = ListPeriod);
        door.Configure<ConnectionOptions>(options => options.OpenConnectionTimeout = TimeSpan.FromSeconds(2));
        var spread = new GatewaySpread();
        door.Services.AddSingleton(spread);
        door.AddGatewayCountChangedHandler((_, _) => spread.Change());
        door.UseConnectionRetryFilter(async (_, cancellation) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return !cancellation.IsCancellationRequested;
        });
        if (settings.Tls is { } tls)
            SiloTls.Use(door, tls);
        if (redis is null)
        {
            door.UseLocalhostClustering(settings.GatewayPort, settings.ServiceId, settings.Node.Cluster);
            return;
        }
        door.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (settings.Node.Cluster, settings.ServiceId));
        door.UseRedisClustering(options =>
        {
            options.ConfigurationOptions = ConfigurationOptions.Parse(settings.Redis);
            options.CreateMultiplexer = _ => Task.FromResult((redis, true));
            options.CreateRedisKey = MembershipKeys.Table;
        });
        door.Services.AddSingleton(redis);
        AddFeedback(door.Services, settings, redis);
    }

    private static void AddFeedback(IServiceCollection services, SiloSettings settings, IConnectionMultiplexer redis) =>
        services.AddSingleton<IFeedbackStore>(new RedisFeedbackStore(redis, settings.ServiceId, new FeedbackStoreOptions()));

    private static void ConfigureMembership(ISiloBuilder silo, MembershipSettings settings) =>
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = settings.Probe;
            options.NumMissedProbesLimit = settings.MissedProbes;
            options.NumVotesForDeathDeclaration = settings.Votes;
            // Silos ask for themselves, and as many as settings.Votes must have asked in vain. The last question by way of another silo,
            // as is usual, waits as long for that silo's answer as that one waits for the other's: of a silo that is frozen the answer
            // comes too late to count, and again, until by chance one is in time.
            options.EnableIndirectProbes = false;
            options.IAmAliveTablePublishTimeout = s_saysAlive;
            options.NumMissedTableIAmAliveLimit = AliveMissed;
            options.TableRefreshTimeout = TimeSpan.FromSeconds(5);
            options.MaxJoinAttemptTime = TimeSpan.FromMinutes(2);
            options.DeathVoteExpirationTimeout = TimeSpan.FromSeconds(30);
            options.DefunctSiloExpiration = TimeSpan.FromDays(1);
            options.DefunctSiloCleanupPeriod = TimeSpan.FromMinutes(10);
        });

    private static void UseRedis(ISiloBuilder silo, SiloSettings settings, IConnectionMultiplexer redis)
    {
        ConfigurationOptions connection = ConfigurationOptions.Parse(settings.Redis);
        var own = new IPEndPoint(settings.Address, settings.SiloPort);
        silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (settings.Node.Cluster, settings.ServiceId));
        // Doors come in where there is a gateway to answer them.
        int gatewayPort = settings.Node.Has(SiloRoles.Gateway) ? settings.GatewayPort : 0;
        silo.ConfigureEndpoints(settings.Address, settings.SiloPort, gatewayPort, settings.ListenOnAny);
        silo.UseRedisClustering(options =>
        {
            options.ConfigurationOptions = connection;
            options.CreateMultiplexer = _ => Task.FromResult((redis, true));
            options.CreateRedisKey = MembershipKeys.Table;
        });
        GuardTable(silo.Services, own);
        silo.AddRedisGrainStorage(DefaultStore, options =>
        {
            options.ConfigurationOptions = connection;
            options.CreateMultiplexer = _ => Task.FromResult((redis, true));
        });
        silo.UseRedisReminderService(options =>
        {
            options.ConfigurationOptions = connection;
            options.CreateMultiplexer = _ => Task.FromResult((redis, true));
        });
        silo.Services.AddSingleton(redis);
        silo.Services.AddSingleton<IMachineStore>(new RedisMachineStore(redis, settings.ServiceId));
        AddFeedback(silo.Services, settings, redis);
        silo.Services.AddSingleton(new SharedKeepsakes(settings, redis));
        silo.Services.AddSingleton<IStoreKeeper>(all => all.GetRequiredService<SharedKeepsakes>());
    }

    /// <summary>Puts ours around the table that the clustering provider has registered.</summary>
    private static void GuardTable(IServiceCollection services, IPEndPoint own)
    {
        ServiceDescriptor provider = services.Last(service => service.ServiceType == typeof(IMembershipTable));
        services.Remove(provider);
        services.AddSingleton<ITableLife, RedisTableLife>();
        services.AddSingleton(all => new PredecessorSweep(
            own, s_saysAlive * 3.5, TimeProvider.System, all.GetRequiredService<ILogger<PredecessorSweep>>()));
        services.AddSingleton<IMembershipTable>(all => new RestoringMembershipTable(
            (IMembershipTable)provider.ImplementationFactory!(all),
            all.GetRequiredService<ITableLife>(),
            all.GetRequiredService<PredecessorSweep>(),
            () => all.GetRequiredService<IClusterMembershipService>().CurrentSnapshot.Members.Values
                .Where(member => member.Status == SiloStatus.Active).Select(member => member.SiloAddress),
            TimeProvider.System,
            all.GetRequiredService<ILogger<RestoringMembershipTable>>()));
    }

    private static void UseMemory(ISiloBuilder silo, SiloSettings settings)
    {
        silo.UseLocalhostClustering(settings.SiloPort, settings.GatewayPort, settings.Primary, settings.ServiceId, settings.Node.Cluster);
        silo.AddMemoryGrainStorage(DefaultStore);
        silo.UseInMemoryReminderService();
        silo.Services.AddSingleton<IMachineStore>(new MemoryMachineStore());
    }
}
