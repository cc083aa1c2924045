using Microsoft.Extensions.Options;
using Orleans.Configuration;
using StackExchange.Redis;

namespace RecallCluster.Silo.Membership;

/// <summary>The life of the table that Redis keeps, in a key beside it.</summary>
internal sealed class RedisTableLife(IConnectionMultiplexer redis, IOptions<ClusterOptions> cluster) : ITableLife
{
    // A table that lost its newest versions, as a Redis without fsync may after a power cut, has lost rows as well: a new life, too.
    private const string Script = """
        local life = redis.call('GET', KEYS[2])
        local version = tonumber(redis.call('HGET', KEYS[1], 'Version') or '0')
        local least = tonumber(ARGV[2])
        if life == ARGV[1] and version >= least then return life end
        if not life or life == ARGV[1] then
          life = ARGV[3]
          redis.call('SET', KEYS[2], life)
        end
        if version < least then redis.call('HSET', KEYS[1], 'Version', ARGV[2]) end
        return life
        """;

    /// <inheritdoc/>
    public async Task<string> CurrentAsync(string? known, int least)
    {
        try
        {
            RedisResult life = await redis.GetDatabase().ScriptEvaluateAsync(
                Script,
                [MembershipKeys.Table(cluster.Value), MembershipKeys.Life(cluster.Value)],
                [known ?? "", least, Guid.NewGuid().ToString("N")]).ConfigureAwait(false);
            return (string)life!;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new IOException($"Redis, {MembershipKeys.Life(cluster.Value)}: {e.Message}", e);
        }
    }
}
