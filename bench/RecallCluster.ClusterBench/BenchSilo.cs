using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using StackExchange.Redis;

namespace RecallCluster.ClusterBench;

/// <summary>One of two silos: the one that asks is the gateway, the other has all other roles, so that every grain is there.</summary>
internal static class BenchSilo
{
    private const string Cluster = "bench";

    /// <summary>A silo that is not started yet.</summary>
    /// <param name="arguments">Its ports, and where the first silo listens.</param>
    /// <param name="roles">What it does.</param>
    /// <param name="redis">Where machines are kept; null keeps them in memory.</param>
    public static IHost Build(BenchArguments arguments, string[] roles, IConnectionMultiplexer? redis)
    {
        var node = new SiloNode
        {
            Name = roles[0], Cluster = Cluster, Roles = new HashSet<string>(roles), ShardMemory = long.MaxValue,
        };
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { Args = [] });
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(arguments.Port, arguments.GatewayPort, arguments.Primary, Cluster, Cluster);
            silo.UseSiloMetadata(SiloRoles.MetadataOf(node));
            silo.UseInMemoryReminderService();
        });
        if (redis is not null)
            builder.Services.AddSingleton<IMachineStore>(new RedisMachineStore(redis, Cluster));
        builder.Services.AddRecallGrains(node);
        return builder.Build();
    }
}
