using System.Globalization;
using Microsoft.Extensions.Logging;
using RecallCluster.Grains.Feedback;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Transfer;
using RecallCluster.Silo.Configuration;
using StackExchange.Redis;

namespace RecallCluster.Silo.Storage;

/// <summary>Moves state between the editions: <c>import FILE</c> and <c>export FILE</c> in place of running a silo.</summary>
internal static class StateMove
{
    public const string Import = "import", Export = "export";

    /// <summary>Does it and says so.</summary>
    /// <exception cref="SettingsException">There is no Redis to move it to or from.</exception>
    /// <exception cref="IOException">A file or Redis cannot be read or written.</exception>
    /// <exception cref="InvalidDataException">What is there is damaged or of a later version.</exception>
    /// <exception cref="InvalidOperationException">
    /// The cluster to import into has a state, or the one to export from has accepted events that no campaign has taken yet.
    /// </exception>
    public static async Task RunAsync(string verb, string file, SiloSettings settings, CancellationToken cancellation)
    {
        if (settings.Clustering != ClusteringKind.Redis)
            throw new SettingsException("cluster:clustering", $"is localhost, which keeps nothing; {verb} wants a Redis.");
        using ILoggerFactory logging = LoggerFactory.Create(log => log.AddSimpleConsole());
        IConnectionMultiplexer redis = await RedisConnection.OpenAsync(
            settings, logging.CreateLogger("RecallCluster.Silo"), TimeProvider.System, cancellation).ConfigureAwait(false);
        await using (redis.ConfigureAwait(false))
        {
            await ClusterClaim.TakeAsync(redis, settings).ConfigureAwait(false);
            var store = new RedisMachineStore(redis, settings.ServiceId);
            string path = Path.GetFullPath(file);
            int machines = verb == Import
                ? await StateImport.RunAsync(path, store, cancellation).ConfigureAwait(false)
                : await StateExport.RunAsync(
                    store, store.KeysAsync(cancellation), path,
                    new RedisFeedbackStore(redis, settings.ServiceId, new FeedbackStoreOptions()), cancellation).ConfigureAwait(false);
            string done = verb == Import ? "imported" : "exported";
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{path}: {machines} machines {done}"))
                .ConfigureAwait(false);
        }
    }
}
