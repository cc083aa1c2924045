using System.Globalization;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Shards;

namespace RecallCluster.Grains.Placement;

/// <summary>Places a replica of a shard where the index's plan wants it.</summary>
[GenerateSerializer, Immutable, Alias("recall.shard-placement")]
internal sealed class ShardPlacement : PlacementStrategy;

/// <summary>Says that a grain is a replica of a shard.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ShardPlacementAttribute() : PlacementAttribute(new ShardPlacement());

/// <summary>Asks the index for its plan, telling it which silos are there.</summary>
internal sealed class ShardPlacementDirector(ISiloMetadataCache silos, IGrainFactory grains) : IPlacementDirector
{
    public async Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] all = context.GetCompatibleSilos(target);
        var key = ReplicaKey.Read(target.GrainIdentity.Key.ToString()!);
        Dictionary<string, SiloAddress> able = [];
        var candidates = new List<SiloCandidate>();
        foreach (SiloAddress silo in all)
        {
            SiloMetadata metadata = silos.GetSiloMetadata(silo);
            if (!metadata.Has(SiloRoles.Retrieval))
                continue;
            string name = silo.ToParsableString();
            able[name] = silo;
            candidates.Add(new SiloCandidate(
                name,
                metadata.Metadata.TryGetValue(SiloRoles.MemoryKey, out string? bytes)
                    ? long.Parse(bytes, CultureInfo.InvariantCulture) : long.MaxValue,
                metadata.Has(SiloRoles.Gpu)));
        }
        if (candidates.Count == 0)
            throw new OrleansException($"Shard {key}: no silo of role '{SiloRoles.Retrieval}' is there.");
        string placed = await grains.GetGrain<IIndexGrain>(key.Index)
            .PlaceAsync(key.Shard, key.Replica, [.. candidates]).ConfigureAwait(false);
        return able[placed];
    }
}
