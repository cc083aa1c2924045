using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using RecallCluster.Http.Overload;
using RecallCluster.Serving;

namespace RecallCluster.Http.Tests;

/// <summary>A front door that really listens, on a free loopback port.</summary>
public sealed class Door : IAsyncDisposable
{
    // A busy machine may be slow: nobody is turned away for that, unless a test is about it.
    private static readonly OverloadOptions Usual = new(), Patient = new()
    {
        LatencyTarget = TimeSpan.FromMinutes(1), QueueTime = TimeSpan.FromMinutes(1), QueueLength = 10_000,
    };

    private const int LargeBody = 1 << 20;

    private readonly WebApplication _app;

    private Door(WebApplication app, HttpClient client)
    {
        _app = app;
        Client = client;
    }

    public HttpClient Client { get; }

    public static async Task<Door> OpenAsync(AdRetriever retriever, FrontDoorLimits? limits = null)
    {
        WebApplication app = FrontDoor.Create(retriever, Listening(new FrontDoorOptions { Limits = limits ?? new FrontDoorLimits() }));
        await app.StartAsync();
        return new Door(app, new HttpClient { BaseAddress = FrontDoor.AddressesOf(app)[0] });
    }

    public static async Task<Door> OpenAsync(FrontDoorParts parts, FrontDoorOptions? options = null)
    {
        WebApplication app = FrontDoor.Create(parts, Listening(options ?? new FrontDoorOptions()));
        await app.StartAsync();
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, Expect100ContinueTimeout = TimeSpan.FromMinutes(1) };
        return new Door(app, new HttpClient(handler) { BaseAddress = FrontDoor.AddressesOf(app)[0] });
    }

    private static FrontDoorOptions Listening(FrontDoorOptions options) => options with
    {
        Urls = ["http://127.0.0.1:0"], Overload = options.Overload == Usual ? Patient : options.Overload,
    };

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

    /// <summary>Any request; the body is null where there is none, or it is no JSON.</summary>
    public async Task<Reply> SendAsync(string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.RelativeOrAbsolute));
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        // A refusal closes the connection: whoever were still sending could lose the answer.
        request.Headers.ExpectContinue = json?.Length > LargeBody;
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage response = await Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        bool isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) ?? false;
        return new Reply(
            (int)response.StatusCode,
            isJson ? JsonDocument.Parse(text).RootElement : null,
            text,
            response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(",", h.Value),
                StringComparer.OrdinalIgnoreCase));
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

/// <summary>What came back.</summary>
public sealed record Reply(int Status, JsonElement? Json, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Body => Json ?? throw new InvalidOperationException($"{Status} without JSON: {Text}");

    public string? Reason => Body.TryGetProperty("reason", out JsonElement reason) ? reason.GetString() : null;

    public string? Field => Body.TryGetProperty("field", out JsonElement name) ? name.GetString() : null;
}
