using RecallCluster.Grains.Machines;
using RecallCluster.Http.Tokens;
using RecallCluster.Silo.Configuration;
using StackExchange.Redis;

namespace RecallCluster.Silo.Storage;

/// <summary>
/// What a silo wrote into Redis, or found there, when it started: written again should Redis have lost it, so that the next silo neither
/// makes keys of its own, which no other door knows, nor takes the service for another cluster's.
/// </summary>
internal sealed class SharedKeepsakes(SiloSettings settings, IConnectionMultiplexer redis) : IStoreKeeper
{
    private TokenKeyRing? _keys;

    /// <summary>These are the keys of the doors' tokens.</summary>
    public void Hold(TokenKeyRing keys) => Volatile.Write(ref _keys, keys);

    public async Task WriteAgainAsync(CancellationToken cancellation)
    {
        await ClusterClaim.TakeAsync(redis, settings).ConfigureAwait(false);
        // A file of keys is every door's own.
        if (Volatile.Read(ref _keys) is { } keys && settings.TokenKeys is null)
            await SharedTokenKeys.PutAsync(settings, redis, keys).WaitAsync(cancellation).ConfigureAwait(false);
    }
}
