using System.Globalization;
using RecallCluster.AdServer;

namespace RecallCluster.Cli.Workflows;

/// <summary>A market behind one front door: this program's <c>serve</c> in a process of its own, over the state file itself.</summary>
internal sealed class EmbeddedMarket(DemoFiles files, int threads, Uri? address) : IServedMarket
{
    private readonly Uri _address = ServerProcess.AddressOr(address);
    private ServerProcess? _server;

    public string Opening => "Open the front door in its own process";

    public TimeSpan TimeToStart => TimeSpan.FromSeconds(8);

    public double ServedShare => 0.4;

    public DemoCluster? Cluster => null;

    private ServerProcess Server => _server ?? throw new InvalidOperationException("The door was not started.");

    public Task PrepareAsync(CancellationToken cancellation) => Task.CompletedTask;

    public async Task StartAsync(RunningClock clock, CancellationToken cancellation)
    {
        if (_server is not null)
            await _server.DisposeAsync().ConfigureAwait(false);
        _server = new ServerProcess(Arguments(clock), _address);
        await _server.StartAsync(cancellation).ConfigureAwait(false);
    }

    public MarketDoors OpenDoors() => new([_address]);

    public async Task<(DateTimeOffset From, DateTimeOffset To)> KillOneAsync(CancellationToken cancellation)
    {
        DateTimeOffset from = TimeProvider.System.GetUtcNow();
        await Server.KillAsync().ConfigureAwait(false);
        await Server.StartAsync(cancellation).ConfigureAwait(false);
        return (from, TimeProvider.System.GetUtcNow());
    }

    public Task EndAsync(CancellationToken cancellation) => Server.KillAsync();

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private string[] Arguments(RunningClock clock) =>
    [
        "--model", files.Models, "--index", files.Index, "--data", files.Data, "--state", files.State,
        "--threads", Text(threads), "--latency-target", Text(MarketPatience.Latency.TotalMilliseconds),
        "--queue", Text(MarketPatience.MostInFlight), "--queue-ms", Text(MarketPatience.Queue.TotalMilliseconds),
        "--clock-speed", Text(clock.Speed), "--clock-real-origin", clock.RealOrigin.ToString("O", CultureInfo.InvariantCulture),
        "--clock-business-origin", clock.BusinessOrigin.ToString("O", CultureInfo.InvariantCulture),
    ];

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}

/// <summary>On a machine that trains, serves and plays the market at once a request waits rather than being turned away.</summary>
internal static class MarketPatience
{
    public static readonly TimeSpan Latency = TimeSpan.FromSeconds(1), Queue = TimeSpan.FromSeconds(5);

    public const int MostInFlight = 8192;
}
