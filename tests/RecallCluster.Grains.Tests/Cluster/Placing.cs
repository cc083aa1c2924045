using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>Where grains live is drawn at random; a test that cares moves them.</summary>
internal static class Placing
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Completes when a grain lives on a silo.</summary>
    public static async Task OnAsync(InProcessTestCluster cluster, IAddressable grain, int silo)
    {
        SiloAddress wanted = cluster.Silos[silo].SiloAddress;
        IManagementGrain management =
            cluster.GetSiloServiceProvider(wanted).GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
        using var patience = new CancellationTokenSource(Patience);
        while (!wanted.Equals(await management.GetActivationAddress(grain)))
        {
            await cluster.MigrateAsync(grain.GetGrainId(), wanted).WaitAsync(patience.Token);
            patience.Token.ThrowIfCancellationRequested();
        }
    }
}
