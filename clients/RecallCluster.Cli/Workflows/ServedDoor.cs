using Microsoft.AspNetCore.Builder;
using RecallCluster.Http;
using RecallCluster.Http.Observability;
using RecallCluster.Serving.Hosting;

namespace RecallCluster.Cli.Workflows;

/// <summary>What a door serves.</summary>
internal sealed record ServedDoorOptions
{
    /// <summary>Model and index.</summary>
    public required EmbeddedHostOptions Host { get; init; }

    /// <summary>What is sold; null for candidates only.</summary>
    public ClosedLoopOptions? Market { get; init; }

    /// <summary>The door.</summary>
    public required FrontDoorOptions Door { get; init; }

    /// <summary>Where traces and metrics go.</summary>
    public TelemetryOptions Telemetry { get; init; } = new();

    /// <summary>Directory of further versions of model and index; null for none.</summary>
    public string? Versions { get; init; }

    /// <summary>Processors to use for one request.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}

/// <summary>A running front door over an embedded host.</summary>
internal sealed class ServedDoor : IAsyncDisposable
{
    private const int ThreadsForTheDoor = 8;

    private readonly WebApplication _app;
    private readonly EmbeddedHost _host;
    private readonly ServedVersions _versions;
    private readonly TelemetryExport? _telemetry;

    private ServedDoor(WebApplication app, EmbeddedHost host, ServedVersions versions, TelemetryExport? telemetry)
    {
        (_app, _host, _versions, _telemetry) = (app, host, versions, telemetry);
        Addresses = FrontDoor.AddressesOf(app);
    }

    public IReadOnlyList<Uri> Addresses { get; }

    public Serving.RetrieverSummary Summary => _host.Retriever.Summary!;

    /// <summary>The market behind it; null where there are candidates only.</summary>
    public ClosedLoop? Loop => _host.Loop;

    /// <summary>Listens at once, and is ready when state, model and index are open.</summary>
    /// <param name="options">What to serve.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<ServedDoor> OpenAsync(ServedDoorOptions options, CancellationToken cancellation)
    {
        KeepThreadsForTheDoor(options.Threads);
        // Before anything that is measured.
        TelemetryExport? telemetry = TelemetryExport.Start(options.Telemetry);
        var host = new EmbeddedHost(options.Threads);
        var versions = new ServedVersions(host, options.Host, options.Versions);
        var parts = new FrontDoorParts
        {
            Retriever = host.Retriever, BusinessClock = options.Market?.BusinessClock ?? TimeProvider.System, IsOpening = true,
        };
        WebApplication? app = null;
        try
        {
            app = FrontDoor.Create(parts, options.Door);
            await app.StartAsync(cancellation).ConfigureAwait(false);
            if (options.Market is { } market)
            {
                ClosedLoop loop = await host.OpenLoopAsync(market, cancellation).ConfigureAwait(false);
                (parts.Gateway, parts.Feedback, parts.Campaigns) = (loop.Gateway, loop.Feedback, loop.Campaigns);
                (parts.Catalogue, parts.Users, parts.Live) = (loop.Catalogue, loop.Users, loop.Live);
                (parts.Shed, parts.Background) = (loop.NoteShed, loop.State.Background);
                (parts.Actors, parts.Calibrators, parts.Experiments) = (loop.State.Actors, loop.Calibrators, loop.Experiments);
                parts.Journal = () => loop.State.Journal.Status;
            }
            await Task.Run(() => host.Load(options.Host), cancellation).ConfigureAwait(false);
            if (host.Loop is { } selling)
                await selling.WarmUpAsync(cancellation).ConfigureAwait(false);
            await FrontDoor.WarmUpAsync(app, cancellation).ConfigureAwait(false);
            host.Loop?.Run();
            parts.Indexes = versions;
            parts.IsOpening = false;
            return new ServedDoor(app, host, versions, telemetry);
        }
        catch
        {
            if (app is not null)
                await app.DisposeAsync().ConfigureAwait(false);
            await host.DisposeAsync().ConfigureAwait(false);
            versions.Dispose();
            telemetry?.Dispose();
            throw;
        }
    }

    // Searches keep as many threads of the pool busy as there are processors. It adds others slowly only, and until then nobody would read
    // what comes in, nor turn it away.
    private static void KeepThreadsForTheDoor(int searchers)
    {
        ThreadPool.GetMinThreads(out int workers, out int completions);
        ThreadPool.SetMinThreads(Math.Max(workers, ThreadsForTheDoor + searchers), completions);
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
        _versions.Dispose();
        _telemetry?.Dispose();
    }
}
