using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace RecallCluster.Silo.Storage;

/// <summary>
/// What Redis is configured to that may cost state. Nothing is refused for it: it may be meant so. Where Redis does not tell, as managed
/// ones do not, nothing is said.
/// </summary>
internal sealed partial class RedisDurability
{
    private const string Memory = "maxmemory", Policy = "maxmemory-policy", Log = "appendonly", Sync = "appendfsync";

    private RedisDurability(IReadOnlyList<string> warnings) => Warnings = warnings;

    /// <summary>One sentence each; none where all is well or not known.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Asks Redis and logs what it answers.</summary>
    /// <param name="redis">The connection.</param>
    /// <param name="logger">Where to.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<RedisDurability> ReadAsync(IConnectionMultiplexer redis, ILogger logger, CancellationToken cancellation)
    {
        var warnings = new List<string>();
        foreach (IServer server in redis.GetServers())
        {
            if (!server.IsConnected || server.IsReplica)
                continue;
            try
            {
                var known = new Dictionary<string, string>(StringComparer.Ordinal);
                foreach (string name in new[] { Memory, Policy, Log, Sync })
                {
                    // As any command: the one of the library wants an administrator's connection, which nothing else here needs.
                    RedisResult answer = await server.ExecuteAsync("CONFIG", "GET", name).WaitAsync(cancellation).ConfigureAwait(false);
                    if ((RedisResult[]?)answer is [_, var value])
                        known[name] = value.ToString() ?? "";
                }
                warnings.AddRange(WarningsOf(known));
            }
            catch (Exception e) when (e is RedisException or RedisCommandException or TimeoutException or InvalidCastException)
            {
                LogUnknown(logger, e.Message);
            }
        }
        foreach (string warning in warnings)
            LogWarning(logger, warning);
        return new RedisDurability(warnings);
    }

    /// <summary>What is to be said of a configuration; a value that is not there is not known.</summary>
    internal static IEnumerable<string> WarningsOf(IReadOnlyDictionary<string, string> known)
    {
        // 0 is as much as there is. Keys that expire, which other policies take alone, are not state.
        if (known.TryGetValue(Memory, out string? most) && most != "0"
            && known.TryGetValue(Policy, out string? policy) && policy.StartsWith("allkeys", StringComparison.Ordinal))
        {
            yield return $"Redis evicts keys when it is full ({Policy} is {policy}, {Memory} {most}): state that is evicted is lost. "
                + "Set noeviction: then it refuses writes instead.";
        }
        if (known.TryGetValue(Log, out string? log) && log != "yes")
            yield return $"Redis keeps no append-only file ({Log} is {log}): when it ends, what was acknowledged is lost.";
        else if (known.TryGetValue(Sync, out string? sync) && sync != "always")
            yield return $"Redis acknowledges what is not on the disk yet ({Sync} is {sync}): a power cut loses the last of it.";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem}")]
    private static partial void LogWarning(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Redis does not tell how it is configured: {Problem}")]
    private static partial void LogUnknown(ILogger logger, string problem);
}
