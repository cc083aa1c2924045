using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using RecallCluster.Serving;

namespace RecallCluster.Http.Tests;

/// <summary>A front door that really listens, on a free loopback port.</summary>
public sealed class Door : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Door(WebApplication app, HttpClient client)
    {
        _app = app;
        Client = client;
    }

    public HttpClient Client { get; }

    public static async Task<Door> OpenAsync(AdRetriever retriever, FrontDoorLimits? limits = null)
    {
        WebApplication app = FrontDoor.Create(
            retriever, new FrontDoorOptions { Urls = ["http://127.0.0.1:0"], Limits = limits ?? new FrontDoorLimits() });
        await app.StartAsync();
        return new Door(app, new HttpClient { BaseAddress = FrontDoor.AddressesOf(app)[0] });
    }

    internal static AdRetriever Serving(IUserStatePreparer users, params IShard[] shards)
    {
        var retriever = new AdRetriever(TimeProvider.System);
        retriever.Publish(new RetrieverVersion("v7", users, [.. shards.Select(s => new ShardSlot(s, 100))]));
        return retriever;
    }

    public async Task<(int Status, string? ContentType, JsonElement Body)> PostAsync(string body, string contentType = "application/json")
    {
        using var content = new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse(contentType));
        using HttpResponseMessage response = await Client.PostAsync(new Uri("/v1/candidates", UriKind.Relative), content);
        return await ReadAsync(response);
    }

    public async Task<(int Status, string? ContentType, JsonElement Body)> GetAsync(string path)
    {
        using HttpResponseMessage response = await Client.GetAsync(new Uri(path, UriKind.Relative));
        return await ReadAsync(response);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static async Task<(int, string?, JsonElement)> ReadAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, JsonDocument.Parse(text).RootElement);
    }
}
