using Microsoft.AspNetCore.Builder;
using RecallCluster.Http;
using RecallCluster.Serving.Hosting;

namespace RecallCluster.Cli.Workflows;

/// <summary>A running front door over an embedded host.</summary>
internal sealed class ServedDoor : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly EmbeddedHost _host;

    private ServedDoor(WebApplication app, EmbeddedHost host)
    {
        _app = app;
        _host = host;
        Addresses = FrontDoor.AddressesOf(app);
    }

    public IReadOnlyList<Uri> Addresses { get; }

    public Serving.RetrieverSummary Summary => _host.Retriever.Summary!;

    /// <summary>The market behind it; null where there are candidates only.</summary>
    public ClosedLoop? Loop => _host.Loop;

    /// <summary>Listens at once, and is ready when state, model and index are open.</summary>
    /// <param name="options">Model and index.</param>
    /// <param name="market">What is sold; null for candidates only.</param>
    /// <param name="door">The door.</param>
    /// <param name="threads">Processors to use for one request.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<ServedDoor> OpenAsync(
        EmbeddedHostOptions options, ClosedLoopOptions? market, FrontDoorOptions door, int threads, CancellationToken cancellation)
    {
        var host = new EmbeddedHost(threads);
        var parts = new FrontDoorParts { Retriever = host.Retriever, BusinessClock = market?.BusinessClock ?? TimeProvider.System };
        WebApplication app = FrontDoor.Create(parts, door);
        try
        {
            await app.StartAsync(cancellation).ConfigureAwait(false);
            if (market is not null)
            {
                ClosedLoop loop = await host.OpenLoopAsync(market, cancellation).ConfigureAwait(false);
                (parts.Gateway, parts.Feedback, parts.Campaigns) = (loop.Gateway, loop.Feedback, loop.Campaigns);
                (parts.Catalogue, parts.Users, parts.Live) = (loop.Catalogue, loop.Users, loop.Live);
            }

            // Last: a door is ready when it has its shards.
            await Task.Run(() => host.Load(options), cancellation).ConfigureAwait(false);
            host.Loop?.Run();
            return new ServedDoor(app, host);
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits until the process is told to end, or <paramref name="cancellation"/> is.</summary>
    public async Task UntilStoppedAsync(CancellationToken cancellation)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration byCaller = cancellation.Register(() => stopped.TrySetResult());
        using CancellationTokenRegistration bySignal = _app.Lifetime.ApplicationStopping.Register(() => stopped.TrySetResult());
        await stopped.Task.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        await _host.DisposeAsync().ConfigureAwait(false);
    }
}
