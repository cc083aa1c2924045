using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RecallCluster.Http;
using RecallCluster.Http.Dashboard;
using RecallCluster.Serving.Live;

namespace RecallCluster.Browser.Tests;

/// <summary>How a host of the dashboard behaves.</summary>
internal sealed record HostSettings
{
    /// <summary>The port; 0 for any.</summary>
    public int Port { get; init; }

    /// <summary>Whether it streams; else it answers single questions only.</summary>
    public bool Streams { get; init; } = true;

    /// <summary>The key that it wants; null for none.</summary>
    public string? Key { get; init; }
}

/// <summary>A real server with the dashboard over a view of made-up figures.</summary>
internal sealed class DashboardHost : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new NullForNonFinite() },
    };

    private readonly WebApplication _app;

    private DashboardHost(WebApplication app) => _app = app;

    public Uri Address => FrontDoor.AddressesOf(_app)[0];

    public static async Task<DashboardHost> StartAsync(ILiveView view, HostSettings? settings = null)
    {
        settings ??= new HostSettings();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{settings.Port}");
        builder.Logging.ClearProviders();
        WebApplication app = builder.Build();
        app.Use((context, next) =>
        {
            bool wanted = settings.Key is not null && context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal);
            if (!wanted || context.Request.Headers.Authorization == $"Bearer {settings.Key}")
                return next(context);
            context.Response.StatusCode = (int)HttpStatusCode.Unauthorized;
            return Task.CompletedTask;
        });
        app.MapDashboard();
        app.MapGet("/v1/live", async (CancellationToken cancellation) =>
            Results.Text(await ReadAsync(view, cancellation), "application/json"));
        if (settings.Streams)
            app.MapGet("/v1/live/stream", context => StreamAsync(context, view, app.Lifetime));
        await app.StartAsync();
        return new DashboardHost(app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static async Task StreamAsync(HttpContext context, ILiveView view, IHostApplicationLifetime lifetime)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        context.Response.ContentType = "text/event-stream";
        using var timer = new PeriodicTimer(Period);
        try
        {
            do
            {
                await context.Response.WriteAsync($"event: snapshot\ndata: {await ReadAsync(view, ends.Token)}\n\n", ends.Token);
                await context.Response.Body.FlushAsync(ends.Token);
            }
            while (await timer.WaitForNextTickAsync(ends.Token));
        }
        catch (OperationCanceledException)
        {
            // The reader is gone, or the server stops: an end like any other.
            context.Abort();
        }
    }

    private static async Task<string> ReadAsync(ILiveView view, CancellationToken cancellation) =>
        JsonSerializer.Serialize(Wire.Of(await view.SnapshotAsync(cancellation)), Json);

    private sealed class NullForNonFinite : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
                writer.WriteNumberValue(value);
            else
                writer.WriteNullValue();
        }
    }
}
