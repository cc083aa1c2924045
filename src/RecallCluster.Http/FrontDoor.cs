using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RecallCluster.Serving;

namespace RecallCluster.Http;

/// <summary>
/// The HTTP front door over a retriever:
/// <code>
/// POST /v1/candidates ─► read and check the body ─► AdRetriever ─► {ads, coverage, version, scorings, …} or problem details
/// GET  /healthz      ─► alive                      GET /readyz ─► 200 once shards are loaded, else 503
/// </code>
/// Logs go to stderr.
/// </summary>
public static class FrontDoor
{
    /// <summary>A web application that answers from <paramref name="retriever"/>; the caller starts, stops and disposes it.</summary>
    /// <param name="retriever">What answers; it may be published to later, until then the door is not ready.</param>
    /// <param name="options">Where to listen and what to accept.</param>
    /// <param name="configure">Last word on the host, e.g. for a test server.</param>
    public static WebApplication Create(AdRetriever retriever, FrontDoorOptions options, Action<IWebHostBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(retriever);
        ArgumentNullException.ThrowIfNull(options);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls([.. options.Urls]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.Limits.MaxBodyBytes;
        });
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddSingleton(retriever);
        builder.Services.AddSingleton(options.Limits);
        builder.Services.AddSingleton<CandidatesRoute>();
        builder.Services.AddSingleton<HealthRoutes>();
        configure?.Invoke(builder.WebHost);

        WebApplication app = builder.Build();
        app.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = AnswerFailureAsync });
        app.UseStatusCodePages(status => Problem.OfStatus(status.HttpContext.Response.StatusCode).ExecuteAsync(status.HttpContext));
        app.MapPost("/v1/candidates", static (CandidatesRoute ads, HttpContext context) => ads.AnswerAsync(context));
        app.MapGet("/healthz", static () => HealthRoutes.Alive());
        app.MapGet("/readyz", static (HealthRoutes health) => health.Ready());
        return app;
    }

    /// <summary>The addresses on which a started <paramref name="app"/> listens, with the real port where 0 was asked for.</summary>
    public static IReadOnlyList<Uri> AddressesOf(WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        ICollection<string> addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        return [.. addresses.Select(a => new Uri(a))];
    }

    /// <summary>A defect of ours is logged in full by the framework; the caller learns only that there was one.</summary>
    private static Task AnswerFailureAsync(HttpContext context)
    {
        int status = context.Features.Get<IExceptionHandlerFeature>()?.Error is BadHttpRequestException bad
            ? bad.StatusCode
            : StatusCodes.Status500InternalServerError;
        return Problem.OfStatus(status).ExecuteAsync(context);
    }
}
