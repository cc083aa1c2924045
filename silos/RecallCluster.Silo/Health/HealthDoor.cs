using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RecallCluster.Grains.Hosting;
using RecallCluster.Http;
using RecallCluster.Http.Metrics;
using RecallCluster.Silo.Configuration;
using RecallCluster.Silo.Storage;

namespace RecallCluster.Silo.Health;

/// <summary>
/// Tells of the silo, from before it joins until after it has left: <c>/healthz</c> the process lives, <c>/readyz</c> it can do its work or
/// what is missing, <c>/metrics</c> its figures and the runtime's; <c>/feedback/parked</c> the events that no campaign takes.
/// </summary>
internal sealed class HealthDoor(SiloSettings settings, IServiceProvider services) : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly string[] OrleansMeters = ["Microsoft.Orleans"];

    private readonly PrometheusExposition _metrics = new([.. PrometheusExposition.UsualMeters, .. OrleansMeters]);
    private readonly FeedbackRoutes _feedback = new(services);
    private WebApplication? _app;

    /// <summary>Where it listens.</summary>
    public IReadOnlyList<Uri> Addresses => _app is null ? [] : FrontDoor.AddressesOf(_app);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(settings.HealthUrl);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        _app = builder.Build();
        _app.MapGet("/healthz", () => Results.Json(new AliveBody("alive", settings.Node.Name), HealthJson.Default.AliveBody));
        _app.MapGet("/readyz", (RequestDelegate)ReadyAsync);
        _app.MapGet("/metrics", (RequestDelegate)TellFiguresAsync);
        _feedback.Map(_app);
        await _app.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync().ConfigureAwait(false);
        _metrics.Dispose();
    }

    private async Task ReadyAsync(HttpContext context)
    {
        Dictionary<string, string> missing = await MissingAsync(context.RequestAborted).ConfigureAwait(false);
        (int silos, _) = await services.GetRequiredService<IMembership>().ReadAsync(context.RequestAborted).ConfigureAwait(false);
        SiloNode node = settings.Node;
        bool isReady = missing.Count == 0;
        context.Response.StatusCode = isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        await context.Response.WriteAsJsonAsync(
            new ReadyBody(
                isReady ? "ready" : "not ready", node.Name, node.Cluster, [.. node.Roles.Order(StringComparer.Ordinal)], silos,
                isReady ? null : missing, await _feedback.StatusAsync(context.RequestAborted).ConfigureAwait(false),
                services.GetService<RedisDurability>() is { Warnings: { Count: > 0 } warnings } ? warnings : null),
            HealthJson.Readable.ReadyBody, cancellationToken: context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>The figures, those of the parts among them as they are now: whoever watches sees what <c>/readyz</c> would say.</summary>
    private async Task TellFiguresAsync(HttpContext context)
    {
        await MissingAsync(context.RequestAborted).ConfigureAwait(false);
        (int silos, _) = await services.GetRequiredService<IMembership>().ReadAsync(context.RequestAborted).ConfigureAwait(false);
        Telemetry.Members(silos);
        context.Response.ContentType = PrometheusExposition.ContentType;
        await context.Response.WriteAsync(_metrics.Write(), context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>What every part says that something is missing of; a part that does not say so in time is missing itself.</summary>
    private async Task<Dictionary<string, string>> MissingAsync(CancellationToken cancellation)
    {
        var missing = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ISiloPart part in services.GetServices<ISiloPart>())
        {
            string? problem;
            try
            {
                problem = await part.MissingAsync(cancellation).AsTask().WaitAsync(Patience, cancellation).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                problem = "does not say how it is";
            }
            if (problem is not null)
                missing[part.Name] = problem;
            Telemetry.Part(part.Name, problem is not null);
        }
        return missing;
    }
}
