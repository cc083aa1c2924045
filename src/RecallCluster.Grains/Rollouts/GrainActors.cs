using System.Text.Json;
using RecallCluster.Grains.Contracts;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Rollouts;

/// <summary>The cluster's versions of actors, for a front door.</summary>
/// <param name="grains">Finds the grain.</param>
/// <param name="factory">Checks what is published.</param>
/// <param name="options">What a version must show where whoever publishes it does not say.</param>
internal sealed class GrainActors(IGrainFactory grains, MachineFactory factory, RolloutOptions options)
    : RolloutCalls(grains.GetGrain<IActorsGrain>(0), "The actors' plan"), IActorVersions
{
    /// <inheritdoc/>
    public ActorLimits Limits => options.Actors;

    /// <inheritdoc/>
    public Task<RolloutView> PublishAsync(
        string name, IReadOnlyDictionary<string, byte[]> files, ActorLimits? limits, CancellationToken cancellation)
    {
        factory.Controllers.Check(name, files);
        limits?.Check();
        byte[]? told = limits is null ? null : JsonSerializer.SerializeToUtf8Bytes(limits, GrainsJson.Default.ActorLimits);
        return AskAsync(grains.GetGrain<IActorsGrain>(0).PublishAsync(name, new Dictionary<string, byte[]>(files), told), cancellation);
    }
}
