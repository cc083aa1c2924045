using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using RecallCluster.Http;
using RecallCluster.Http.Security;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Live;

namespace RecallCluster.Browser.Tests;

/// <summary>How a host of the dashboard behaves.</summary>
internal sealed record HostSettings
{
    /// <summary>The port; 0 for any.</summary>
    public int Port { get; init; }

    /// <summary>Whether it streams; else it answers single questions only.</summary>
    public bool Streams { get; init; } = true;

    /// <summary>Whether it wants a key.</summary>
    public bool IsLocked { get; init; }
}

/// <summary>The front door itself, with its routes, its JSON and its keys, over a view of made-up figures.</summary>
internal sealed class DashboardHost : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;

    private DashboardHost(WebApplication app, string key) => (_app, Key) = (app, key);

    public Uri Address => FrontDoor.AddressesOf(_app)[0];

    /// <summary>The key that opens it where it is locked.</summary>
    public string Key { get; }

    public static async Task<DashboardHost> StartAsync(ILiveView view, HostSettings? settings = null)
    {
        settings ??= new HostSettings();
        ApiKey key = ApiKey.Create(ApiRoles.Admin, out string text);
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            WebApplication app = Create(view, settings, key);
            try
            {
                await app.StartAsync();
                return new DashboardHost(app, text);
            }
            // A port that was free a moment ago may serve somebody's outgoing connection for a while.
            catch (IOException e) when (e.InnerException is AddressInUseException)
            {
                await app.DisposeAsync();
                await Task.Delay(100, patience.Token);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static WebApplication Create(ILiveView view, HostSettings settings, ApiKey key) => FrontDoor.Create(
        new FrontDoorParts { Live = view, Campaigns = view as ICampaigns, Experiments = new MadeUpExperiments(view is MovingFigures) },
        new FrontDoorOptions
        {
            Urls = [$"http://127.0.0.1:{settings.Port}"],
            Limits = new FrontDoorLimits { MaxLiveSubscribers = settings.Streams ? 8 : 0 },
            Access = settings.IsLocked
                ? new AccessOptions { Keys = new ApiKeyFile([key]), AnonymousOnLoopback = ApiRoles.None }
                : new AccessOptions(),
        });
}
