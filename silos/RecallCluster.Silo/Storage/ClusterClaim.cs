using RecallCluster.Silo.Configuration;
using StackExchange.Redis;

namespace RecallCluster.Silo.Storage;

/// <summary>
/// Keeps two clusters from running one service: the first cluster writes its id beside the service's, and a silo of another id is refused
/// instead of forming a cluster of its own that nobody asks.
/// </summary>
internal static class ClusterClaim
{
    /// <summary>Claims the service for the cluster.</summary>
    /// <exception cref="SettingsException">Another cluster has it.</exception>
    /// <exception cref="IOException">Redis does not answer.</exception>
    public static async Task TakeAsync(IConnectionMultiplexer redis, SiloSettings settings)
    {
        RedisKey key = $"recall/service/{settings.ServiceId}/cluster";
        try
        {
            IDatabase database = redis.GetDatabase();
            RedisValue before = await database.StringSetAndGetAsync(
                key, settings.Node.Cluster, expiry: null, keepTtl: false, When.NotExists).ConfigureAwait(false);
            if (before.HasValue && before != settings.Node.Cluster)
            {
                throw new SettingsException(
                    "cluster:id",
                    $"is '{settings.Node.Cluster}', but this Redis' service '{settings.ServiceId}' (cluster:service) belongs to cluster "
                    + $"'{before}'. Where that cluster is gone for good, delete the key {key}.");
            }
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new IOException($"Redis, {key}: {e.Message}", e);
        }
    }
}
