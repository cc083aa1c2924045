using System.Diagnostics;
using System.Globalization;
using RecallCluster.AdServer;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows.Cluster;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// A market behind a cluster on this machine, every silo with a front door:
/// <code>
/// state file ─► import ─► Redis ◄─► silos ◄── requests, events      silos killed ─► export ─► state file
/// </code>
/// </summary>
internal sealed class ClusterMarket(DemoFiles files, int silos, Uri? address) : IServedMarket
{
    private static readonly TimeSpan TimeToBeReady = TimeSpan.FromMinutes(3), TimeToTake = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly string[] AllRoles = [SiloPlan.GatewayRole, "retrieval", "control"];

    private readonly LastLines _lines = new();
    private readonly SiloProgram _program = SiloProgram.Find();
    private readonly CoverageWatch _coverage = new();
    private readonly SiloFigures _figures = new();
    private LocalRedis? _redis;
    private LocalCluster? _cluster;
    private Rebalancing? _rebalancing;

    public string Opening => $"Start a cluster of {silos} silos";

    public TimeSpan TimeToStart => TimeSpan.FromSeconds(30);

    public double ServedShare => 0.2;

    public DemoCluster? Cluster => _rebalancing is { } moved ? new DemoCluster(silos, _coverage.Coverage, moved.Report(_coverage)) : null;

    private LocalCluster Running => _cluster ?? throw new InvalidOperationException("The cluster was not started.");

    public async Task PrepareAsync(CancellationToken cancellation)
    {
        await StopRedisAsync().ConfigureAwait(false);
        if (Directory.Exists(files.Redis))
            Directory.Delete(files.Redis, recursive: true);
        _redis = await LocalRedis.StartAsync(files.Redis, _lines.Keep, cancellation).ConfigureAwait(false);
        await MoveAsync("import", cancellation).ConfigureAwait(false);
    }

    public async Task StartAsync(RunningClock clock, CancellationToken cancellation)
    {
        _cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Silos = silos, Roles = [AllRoles], Redis = _redis!.Address, Folder = files.Directory,
                DoorPort = address?.Port ?? FreePorts.Take(1)[0],
                Settings = [.. Settings(clock)],
            },
            _lines.Keep, cancellation).ConfigureAwait(false);
        await UntilReadyAsync(cancellation).ConfigureAwait(false);
        // The first time takes longest, and shall not be counted when a silo is killed.
        await _figures.OfAsync(_cluster.Silos.Select(silo => silo.Plan), cancellation).ConfigureAwait(false);
    }

    public MarketDoors OpenDoors() => new([.. Running.Silos.Select(silo => silo.Plan.Door!)], answer => _coverage.Note(answer.Coverage));

    public async Task<(DateTimeOffset From, DateTimeOffset To)> KillOneAsync(CancellationToken cancellation)
    {
        _rebalancing = new Rebalancing(Running.Silos, Running.Silos[^1]);
        await _rebalancing.WatchAsync(_figures, () => UntilReadyAsync(cancellation), cancellation).ConfigureAwait(false);
        return (_rebalancing.From, _rebalancing.To);
    }

    public async Task EndAsync(CancellationToken cancellation)
    {
        LocalCluster cluster = Running;
        await UntilTakenAsync([.. cluster.Silos.Select(silo => silo.Plan)], cancellation).ConfigureAwait(false);
        _cluster = null;
        await cluster.KillAsync().ConfigureAwait(false);
        DemoFiles.RemoveState(files.State);
        await MoveAsync("export", cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync().ConfigureAwait(false);
        await StopRedisAsync().ConfigureAwait(false);
        _figures.Dispose();
    }

    private async Task StopRedisAsync()
    {
        if (_redis is not { } redis)
            return;
        _redis = null;
        await redis.StopAsync().ConfigureAwait(false);
        await redis.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Waits until campaigns have taken what was accepted while they were away: a state is not moved before.</summary>
    private async Task UntilTakenAsync(SiloPlan[] silos, CancellationToken cancellation)
    {
        long began = Stopwatch.GetTimestamp();
        while (await _figures.WaitingAsync(silos, cancellation).ConfigureAwait(false) != 0 && Stopwatch.GetElapsedTime(began) < TimeToTake)
            await Task.Delay(Pause, cancellation).ConfigureAwait(false);
    }

    private async Task UntilReadyAsync(CancellationToken cancellation)
    {
        try
        {
            await Running.UntilReadyAsync(TimeToBeReady, cancellation).ConfigureAwait(false);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidOperationException($"{e.Message}\n{_lines}", e);
        }
    }

    /// <summary>Has the silo's program move the state.</summary>
    private async Task MoveAsync(string verb, CancellationToken cancellation)
    {
        var said = new LastLines();
        ChildProcess mover = _program.Start(verb, [verb, files.State, $"--cluster:redis={_redis!.Address}"], said.Keep);
        await using (mover.ConfigureAwait(false))
        {
            await mover.UntilExitedAsync(cancellation).ConfigureAwait(false);
            if (mover.ExitCode != ExitCodes.Success)
                throw new InvalidOperationException($"The state could not be moved: {said}");
        }
    }

    private IEnumerable<string> Settings(RunningClock clock) =>
    [
        $"--directories:model={ModelFolders.DeepIn(files.Models)}", $"--directories:index={files.Index}",
        $"--directories:market={files.Data}", $"--directories:data={files.Data}",
        $"--http:latencySeconds={Text(MarketPatience.Latency.TotalSeconds)}",
        $"--http:queueSeconds={Text(MarketPatience.Queue.TotalSeconds)}",
        $"--http:queue={Text(MarketPatience.MostInFlight)}",
        $"--clock:speed={Text(clock.Speed)}", $"--clock:realOrigin={clock.RealOrigin.ToString("O", CultureInfo.InvariantCulture)}",
        $"--clock:businessOrigin={clock.BusinessOrigin.ToString("O", CultureInfo.InvariantCulture)}",
    ];

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
