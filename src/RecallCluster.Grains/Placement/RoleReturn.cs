using Microsoft.Extensions.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace RecallCluster.Grains.Placement;

/// <summary>
/// Lets grains that live here for want of a silo with their role move to one as soon as it is there. They go between two calls, with a
/// snapshot each, some at a time; calls that come meanwhile find them there. Not to a silo of an older version: who called them here may
/// not be understood there, and have them come back with the next call.
/// </summary>
internal sealed class RoleReturn(
    MisplacedGrains misplaced, ISiloStatusOracle members, ISiloMetadataCache silos, IClusterManifestProvider manifests, TimeProvider time)
    : BackgroundService
{
    private const int MovedAtOnce = 64;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    // One that is long in a call goes when that has ended; the others do not wait for it.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            foreach (IGrouping<string, IGrainContext> grains in misplaced.ByRole)
            {
                if (SomebodyHas(grains.Key))
                    await MoveAsync(grains, stoppingToken).ConfigureAwait(false);
            }
            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool SomebodyHas(string role) =>
        members.GetApproximateSiloStatuses(onlyActive: true).Keys
            .Any(silo => silos.GetSiloMetadata(silo).Has(role) && !manifests.IsOlder(silo));

    private async Task MoveAsync(IEnumerable<IGrainContext> grains, CancellationToken cancellation)
    {
        foreach (IGrainContext[] some in grains.Chunk(MovedAtOnce))
        {
            Array.ForEach(some, grain => grain.Migrate(null, CancellationToken.None));
            await Task.WhenAll(some.Select(grain => grain.Deactivated)).WaitAsync(LongestWait, time, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
