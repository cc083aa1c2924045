using System.Diagnostics;
using System.Text.Json;

namespace RecallCluster.Cli.Workflows.Cluster;

/// <summary>
/// A cluster of processes on this machine:
/// <code>
/// redis-server ─► silo-1, silo-2, … (each started again when it ends) ─► ready ─► … ─► silos stop, last first ─► redis-server stops
/// </code>
/// </summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly LocalRedis? _redis;
    private readonly List<SupervisedSilo> _silos = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private LocalCluster(LocalRedis? redis, string address) => (_redis, Redis) = (redis, address);

    /// <summary>Redis' address.</summary>
    public string Redis { get; }

    /// <summary>Number of Redis' process; 0 where it is somebody else's.</summary>
    public int RedisProcessId => _redis?.ProcessId ?? 0;

    /// <summary>The silos.</summary>
    public IReadOnlyList<SupervisedSilo> Silos => _silos;

    /// <summary>Starts it; it is not ready yet.</summary>
    /// <param name="options">What it is made of.</param>
    /// <param name="line">Told of each line that a process writes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Infrastructure.ExitException">The silo was not built.</exception>
    /// <exception cref="InvalidOperationException">A process could not be started.</exception>
    public static async Task<LocalCluster> StartAsync(LocalClusterOptions options, Action<string> line, CancellationToken cancellation)
    {
        SiloProgram program = SiloProgram.Find();
        LocalRedis? redis = options.Redis is null
            ? await LocalRedis.StartAsync(Path.Combine(options.Folder, "redis"), line, cancellation).ConfigureAwait(false)
            : null;
        var cluster = new LocalCluster(redis, redis?.Address ?? options.Redis!);
        try
        {
            foreach (SiloPlan plan in SiloPlan.Of(options.Silos, options.Roles, options.DoorPort))
            {
                var silo = new SupervisedSilo(
                    program, plan, plan.Arguments(cluster.Redis, options.Settings), line, TimeProvider.System);
                cluster._silos.Add(silo);
                silo.Start();
            }
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits until every silo is ready and sees all others.</summary>
    /// <exception cref="InvalidOperationException">One cannot be, or was not in time; the message says what is missing.</exception>
    public async Task UntilReadyAsync(TimeSpan patience, CancellationToken cancellation)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            string? missing = await MissingAsync(cancellation).ConfigureAwait(false);
            if (missing is null)
                return;
            if (_silos.Find(silo => silo.GaveUp is not null) is { } hopeless)
                throw new InvalidOperationException($"{hopeless.GaveUp}; its lines say which.");
            if (Stopwatch.GetElapsedTime(began) > patience)
                throw new InvalidOperationException($"The cluster was not ready within {patience.TotalSeconds} s: {missing}");
            await Task.Delay(Pause, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Stops the silos, last first, each in good order, then Redis.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (SupervisedSilo silo in Enumerable.Reverse(_silos))
            await silo.DisposeAsync().ConfigureAwait(false);
        _silos.Clear();
        if (_redis is not null)
        {
            await _redis.StopAsync().ConfigureAwait(false);
            await _redis.DisposeAsync().ConfigureAwait(false);
        }
        _http.Dispose();
    }

    /// <summary>Ends all silos as a power cut would, for good, then Redis in good order.</summary>
    public async Task KillAsync()
    {
        await Task.WhenAll(_silos.Select(silo => silo.KillForGoodAsync())).ConfigureAwait(false);
        await DisposeAsync().ConfigureAwait(false);
    }

    private async Task<string?> MissingAsync(CancellationToken cancellation)
    {
        foreach (SupervisedSilo silo in _silos)
        {
            try
            {
                using HttpResponseMessage answer = await _http.GetAsync(new Uri(silo.Plan.Health, "readyz"), cancellation)
                    .ConfigureAwait(false);
                string body = await answer.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
                if (!answer.IsSuccessStatusCode)
                    return $"{silo.Plan.Name}: {body}";
                using JsonDocument told = JsonDocument.Parse(body);
                int seen = told.RootElement.GetProperty("silos").GetInt32();
                if (seen < _silos.Count)
                    return $"{silo.Plan.Name} sees {seen} of {_silos.Count} silos";
            }
            catch (Exception e) when (e is HttpRequestException or JsonException
                || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
            {
                return $"{silo.Plan.Name} does not answer: {e.Message}";
            }
        }
        return null;
    }
}
