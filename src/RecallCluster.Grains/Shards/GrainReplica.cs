using RecallCluster.Grains.Contracts;
using RecallCluster.Numerics;
using RecallCluster.Serving;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.Replicas;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Grains.Shards;

/// <summary>
/// A replica that a grain answers for. Bids, placements and new ads it has from its own silo's market; there is nothing to publish to it.
/// </summary>
internal sealed class GrainReplica(IShardGrain grain, ReplicaKey key, string version, SiloShards? silo = null) : IReplica
{
    /// <summary>Longest that anybody waits for an answer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public string Address => $"grain {key}";

    /// <inheritdoc/>
    public string Version => version;

    /// <inheritdoc/>
    public bool IsNear => silo?.Serves(key) == true;

    /// <inheritdoc/>
    /// <exception cref="IOException">The replica cannot be reached.</exception>
    public async Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(query);
        try
        {
            // A silo that is gone answers nothing until it is declared dead: whoever waits shall not wait for that.
            return ShardWire.ToAnswer(await grain.SearchAsync(ShardWire.ToWire(query, version))
                .WaitAsync(query.TimeLeft is { } left && left < Longest ? left + left : Longest, cancellation).ConfigureAwait(false));
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            throw new IOException($"{Address}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Publish(BidBook book)
    {
    }

    /// <inheritdoc/>
    public void Publish(ShardPlacements placements)
    {
    }

    /// <inheritdoc/>
    public void Publish(ShardAdditions additions)
    {
    }
}

/// <summary>The replicas of one version of an index, as grains.</summary>
internal sealed class GrainShards(
    IGrainFactory grains, SiloShards silo, string index, IndexVersion version, int replicas, TimeProvider time) : IShardSource
{
    /// <inheritdoc/>
    public bool WantsLocal(int number) => false;

    /// <inheritdoc/>
    public IShard Resolve(ShardIdentity identity, Shard? local)
    {
        ArgumentNullException.ThrowIfNull(identity);
        IReplica[] all = [.. Enumerable.Range(0, replicas).Select(replica =>
        {
            var key = new ReplicaKey(index, identity.Number, replica);
            return (IReplica)new GrainReplica(grains.GetGrain<IShardGrain>(key.ToString()), key, version.Name, silo);
        })];
        return new ReplicatedShard(all, null, time, new SeededRandom((ulong)identity.Number + 1));
    }
}
