using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.TestingHost;
using RecallCluster.Grains.Hosting;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>Silos start beside each other, and hear a moment later what the others are for: until then nothing is placed there.</summary>
internal static class SilosKnown
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2), Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Completes when every silo knows the roles of all.</summary>
    /// <param name="cluster">The silos.</param>
    /// <param name="role">A role that all of them have.</param>
    public static async Task UntilAsync(InProcessTestCluster cluster, string role = SiloRoles.Control)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!cluster.Silos.All(knower => cluster.Silos.All(silo => Knows(cluster, knower, silo, role))))
            await Task.Delay(Look, patience.Token);
    }

    private static bool Knows(InProcessTestCluster cluster, InProcessSiloHandle knower, InProcessSiloHandle silo, string role) =>
        cluster.GetSiloServiceProvider(knower.SiloAddress).GetRequiredService<ISiloMetadataCache>().GetSiloMetadata(silo.SiloAddress)
            .Metadata.ContainsKey(SiloRoles.KeyOf(role));
}
