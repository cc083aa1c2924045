using Microsoft.AspNetCore.Builder;
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
    private readonly WebApplication _app;

    private DashboardHost(WebApplication app, string key) => (_app, Key) = (app, key);

    public Uri Address => FrontDoor.AddressesOf(_app)[0];

    /// <summary>The key that opens it where it is locked.</summary>
    public string Key { get; }

    public static async Task<DashboardHost> StartAsync(ILiveView view, HostSettings? settings = null)
    {
        settings ??= new HostSettings();
        ApiKey key = ApiKey.Create(ApiRoles.Admin, out string text);
        WebApplication app = FrontDoor.Create(
            new FrontDoorParts { Live = view, Campaigns = view as ICampaigns },
            new FrontDoorOptions
            {
                Urls = [$"http://127.0.0.1:{settings.Port}"],
                Limits = new FrontDoorLimits { MaxLiveSubscribers = settings.Streams ? 8 : 0 },
                Access = settings.IsLocked
                    ? new AccessOptions { Keys = new ApiKeyFile([key]), AnonymousOnLoopback = ApiRoles.None }
                    : new AccessOptions(),
            });
        await app.StartAsync();
        return new DashboardHost(app, text);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
