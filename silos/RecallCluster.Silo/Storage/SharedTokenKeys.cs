using RecallCluster.Http.Tokens;
using RecallCluster.Silo.Configuration;
using StackExchange.Redis;

namespace RecallCluster.Silo.Storage;

/// <summary>
/// Keys of tracking tokens that all doors of a service have: a click may come to another door than the one that delivered the ad, and after
/// it has started anew. They are in a file that each door is given, or in Redis, written by the first.
/// </summary>
internal static class SharedTokenKeys
{
    /// <exception cref="InvalidDataException">What is kept is no key ring.</exception>
    /// <exception cref="IOException">They cannot be read.</exception>
    public static async Task<TokenKeyRing> OpenAsync(SiloSettings settings, IConnectionMultiplexer? redis)
    {
        if (settings.TokenKeys is { } path)
            return TokenKeyRing.LoadOrCreate(path);
        var own = TokenKeyRing.CreateEphemeral();
        if (redis is null)
            return own;
        string? kept = await PutAsync(settings, redis, own).ConfigureAwait(false);
        return kept is null ? own : TokenKeyRing.Parse(kept, $"Redis, {KeyOf(settings)}");
    }

    /// <summary>Keeps keys unless there are some.</summary>
    /// <returns>Those that were there before; null for none.</returns>
    /// <exception cref="IOException">Redis does not answer.</exception>
    public static async Task<string?> PutAsync(SiloSettings settings, IConnectionMultiplexer redis, TokenKeyRing keys)
    {
        string key = KeyOf(settings);
        try
        {
            return await redis.GetDatabase().StringSetAndGetAsync(key, keys.Format(), expiry: null, keepTtl: false, When.NotExists)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new IOException($"Redis, {key}: {e.Message}", e);
        }
    }

    private static string KeyOf(SiloSettings settings) => $"recall/service/{settings.ServiceId}/token-keys";
}
