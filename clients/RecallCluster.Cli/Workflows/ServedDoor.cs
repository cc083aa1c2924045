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

    /// <summary>Listens at once, and is ready when model and index are open.</summary>
    public static async Task<ServedDoor> OpenAsync(
        EmbeddedHostOptions options, FrontDoorOptions door, int threads, CancellationToken cancellation)
    {
        var host = new EmbeddedHost(threads);
        WebApplication app = FrontDoor.Create(host.Retriever, door);
        try
        {
            await app.StartAsync(cancellation).ConfigureAwait(false);
            await Task.Run(() => host.Load(options), cancellation).ConfigureAwait(false);
            return new ServedDoor(app, host);
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            host.Dispose();
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
        _host.Dispose();
    }
}
