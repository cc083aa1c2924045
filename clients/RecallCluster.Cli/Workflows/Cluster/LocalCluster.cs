using System.Diagnostics;
using System.Text.Json;

namespace RecallCluster.Cli.Workflows.Cluster;

/// <summary>
/// A cluster of processes on this machine:
/// <code>
/// redis-server ─► silo-1, … door-1, … (each started again when it ends) ─► ready ─► … ─► they stop, last first ─► redis-server stops
/// </code>
/// </summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly LocalRedis? _redis;
    private readonly List<SupervisedSilo> _processes = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private LocalCluster(LocalRedis? redis, string address) => (_redis, Redis) = (redis, address);

    /// <summary>Redis' address.</summary>
    public string Redis { get; }

    /// <summary>Number of Redis' process; 0 where it is somebody else's.</summary>
    public int RedisProcessId => _redis?.ProcessId ?? 0;

    /// <summary>The silos.</summary>
    public IReadOnlyList<SupervisedSilo> Silos => _processes.FindAll(process => !process.Plan.IsDoor);

    /// <summary>The front doors that have processes of their own.</summary>
    public IReadOnlyList<SupervisedSilo> Doors => _processes.FindAll(process => process.Plan.IsDoor);

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
            foreach (SiloPlan plan in SiloPlan.Of(options.Silos, options.Roles, options.DoorPort, options.Doors))
            {
                var process = new SupervisedSilo(
                    program, plan, plan.Arguments(cluster.Redis, options.Settings), line, TimeProvider.System);
                cluster._processes.Add(process);
                process.Start();
            }
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits until every silo and every door is ready and sees all silos.</summary>
    /// <exception cref="InvalidOperationException">One cannot be, or was not in time; the message says what is missing.</exception>
    public async Task UntilReadyAsync(TimeSpan patience, CancellationToken cancellation)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            string? missing = await MissingAsync(cancellation).ConfigureAwait(false);
            if (missing is null)
                return;
            if (_processes.Find(process => process.GaveUp is not null) is { } hopeless)
                throw new InvalidOperationException($"{hopeless.GaveUp}; its lines say which.");
            if (Stopwatch.GetElapsedTime(began) > patience)
                throw new InvalidOperationException($"The cluster was not ready within {patience.TotalSeconds} s: {missing}");
            await Task.Delay(Pause, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Stops doors and silos, last first, each in good order, then Redis.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (SupervisedSilo process in Enumerable.Reverse(_processes))
            await process.DisposeAsync().ConfigureAwait(false);
        _processes.Clear();
        if (_redis is not null)
        {
            await _redis.StopAsync().ConfigureAwait(false);
            await _redis.DisposeAsync().ConfigureAwait(false);
        }
        _http.Dispose();
    }

    /// <summary>Ends all doors and silos as a power cut would, for good, then Redis in good order.</summary>
    public async Task KillAsync()
    {
        await Task.WhenAll(_processes.Select(process => process.KillForGoodAsync())).ConfigureAwait(false);
        await DisposeAsync().ConfigureAwait(false);
    }

    private async Task<string?> MissingAsync(CancellationToken cancellation)
    {
        int silos = Silos.Count;
        foreach (SiloPlan plan in _processes.Select(process => process.Plan))
        {
            try
            {
                using HttpResponseMessage answer = await _http.GetAsync(new Uri(plan.Health, "readyz"), cancellation)
                    .ConfigureAwait(false);
                string body = await answer.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
                if (!answer.IsSuccessStatusCode)
                    return $"{plan.Name}: {body}";
                using JsonDocument told = JsonDocument.Parse(body);
                int seen = told.RootElement.GetProperty("silos").GetInt32();
                if (seen < silos)
                    return $"{plan.Name} sees {seen} of {silos} silos";
            }
            catch (Exception e) when (e is HttpRequestException or JsonException
                || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
            {
                return $"{plan.Name} does not answer: {e.Message}";
            }
        }
        return null;
    }
}
