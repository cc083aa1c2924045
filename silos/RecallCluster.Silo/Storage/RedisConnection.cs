using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using RecallCluster.Silo.Configuration;
using StackExchange.Redis;

namespace RecallCluster.Silo.Storage;

/// <summary>Opens the one connection to Redis that everything of a silo shares.</summary>
internal static partial class RedisConnection
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), ConnectTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Waits for Redis, saying so, and gives up in the end.</summary>
    /// <exception cref="IOException">It did not answer in time; the message names its address.</exception>
    public static async Task<IConnectionMultiplexer> OpenAsync(
        SiloSettings settings, ILogger logger, TimeProvider time, CancellationToken cancellation)
    {
        ConfigurationOptions options = ConfigurationOptions.Parse(settings.Redis);
        options.AbortOnConnectFail = true;
        options.ConnectTimeout = (int)ConnectTimeout.TotalMilliseconds;
        options.ConnectRetry = 1;
        options.AllowAdmin = false;
        options.ClientName = settings.Node.Name;
        // A Redis that comes back is to be found at once, not after a minute's back-off.
        options.ReconnectRetryPolicy = new LinearRetry(500);
        string address = string.Join(", ", options.EndPoints.Select(NameOf));
        long began = time.GetTimestamp();
        while (true)
        {
            try
            {
                ConnectionMultiplexer redis = await ConnectionMultiplexer.ConnectAsync(options).WaitAsync(cancellation)
                    .ConfigureAwait(false);
                try
                {
                    // A Redis that still reads its log refuses commands.
                    await redis.GetDatabase().PingAsync().WaitAsync(cancellation).ConfigureAwait(false);
                    return redis;
                }
                catch
                {
                    await redis.DisposeAsync().ConfigureAwait(false);
                    throw;
                }
            }
            catch (Exception e) when (e is RedisException or TimeoutException)
            {
                TimeSpan waited = time.GetElapsedTime(began);
                if (waited >= settings.RedisWait)
                {
                    throw new IOException(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"Redis at {address} (cluster:redis) did not answer within {settings.RedisWait.TotalSeconds:0.#} s: "
                            + $"{e.Message}"),
                        e);
                }
                LogWaiting(logger, address, waited.TotalSeconds, settings.RedisWait.TotalSeconds, e.Message);
            }
            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }

    private static string NameOf(EndPoint place) =>
        place is DnsEndPoint host ? string.Create(CultureInfo.InvariantCulture, $"{host.Host}:{host.Port}") : place.ToString() ?? "";

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Waiting for Redis at {Address}, {Waited:0} s of {Patience:0} s so far: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string address, double waited, double patience, string problem);
}
