using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using RecallCluster.Grains.Hosting;
using RecallCluster.Silo.Configuration;
using RecallCluster.Silo.Health;
using RecallCluster.Silo.Storage;
using StackExchange.Redis;

namespace RecallCluster.Silo.Hosting;

/// <summary>
/// One silo, or one front door that is none and asks the cluster as a client:
/// <code>
/// settings ─► Redis (waits) ─► cluster's claim ─► health ─► member ─► market, shards ─► front door
///                                                  └────────────── closed in the opposite order ──┘
/// </code>
/// </summary>
internal static class SiloProcess
{
    /// <summary>Runs until the process is told to end.</summary>
    /// <exception cref="SettingsException">Something that is configured makes no sense.</exception>
    /// <exception cref="IOException">Redis did not answer in time.</exception>
    public static async Task RunAsync(SiloSettings settings, CancellationToken cancellation)
    {
        IConnectionMultiplexer? redis = null;
        try
        {
            RedisDurability? durability = null;
            if (settings.Clustering == ClusteringKind.Redis)
            {
                using ILoggerFactory early = LoggerFactory.Create(Log);
                ILogger logger = early.CreateLogger("RecallCluster.Silo");
                redis = await RedisConnection.OpenAsync(settings, logger, TimeProvider.System, cancellation).ConfigureAwait(false);
                durability = await RedisDurability.ReadAsync(redis, logger, cancellation).ConfigureAwait(false);
                await ClusterClaim.TakeAsync(redis, settings).ConfigureAwait(false);
            }
            using IHost host = Build(settings, redis, durability);
            await RunAsync(host, cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (redis is not null)
                await redis.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task RunAsync(IHost host, CancellationToken cancellation)
    {
        IHostApplicationLifetime life = host.Services.GetRequiredService<IHostApplicationLifetime>();
        try
        {
            await host.RunAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception) when (life.ApplicationStopping.IsCancellationRequested && !life.ApplicationStarted.IsCancellationRequested)
        {
            // It was told to end while it waited for the cluster.
            return;
        }
    }

    private static IHost Build(SiloSettings settings, IConnectionMultiplexer? redis, RedisDurability? durability)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { Args = [] });
        Log(builder.Logging);
        IServiceCollection services = builder.Services;
        services.Configure<HostOptions>(options => options.ShutdownTimeout = settings.DrainTime);
        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<DrainPart>();
        services.AddSingleton<ISiloPart>(static all => all.GetRequiredService<DrainPart>());
        services.AddSingleton<ISiloPart, MembershipPart>();
        if (redis is not null)
            services.AddSingleton<ISiloPart, StorePart>();
        if (durability is not null)
            services.AddSingleton(durability);
        services.AddHostedService<StopGuard>();
        // Started first and stopped last.
        services.AddSingleton<HealthDoor>();
        services.AddHostedService(static all => all.GetRequiredService<HealthDoor>());
        services.AddSingleton(new ClusterClock(settings.BusinessClock));
        services.AddSingleton(settings.Rollouts);
        if (settings.IsDoor)
        {
            builder.UseOrleansClient(door => OrleansSetup.Configure(door, settings, redis));
            services.AddSingleton<IMembership, MembershipFromOutside>();
            services.AddRecallDoor(settings.Node);
        }
        else
        {
            builder.UseOrleans(silo => OrleansSetup.Configure(silo, settings, redis));
            services.AddSingleton<IMembership, MembershipFromWithin>();
            services.AddRecallGrains(settings.Node);
        }
        // Started last and stopped first.
        services.AddSingleton<GatewayDoor>();
        services.AddSingleton<ISiloPart>(static all => all.GetRequiredService<GatewayDoor>());
        services.AddHostedService(static all => all.GetRequiredService<GatewayDoor>());
        services.AddHostedService<Announcement>();
        if (settings.Parent is { } parent)
        {
            services.AddHostedService(all => new ParentWatch(
                parent, all.GetRequiredService<IHostApplicationLifetime>(), TimeProvider.System,
                all.GetRequiredService<ILogger<ParentWatch>>()));
        }
        return builder.Build();
    }

    private static void Log(ILoggingBuilder logging)
    {
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Orleans", LogLevel.Warning);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddSimpleConsole(console => console.SingleLine = true);
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
