using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RecallCluster.Http.Admin;
using RecallCluster.Http.Formats;
using RecallCluster.Http.Live;
using RecallCluster.Http.Metrics;
using RecallCluster.Http.Native;
using RecallCluster.Http.Observability;
using RecallCluster.Http.OpenApi;
using RecallCluster.Http.OpenRtb;
using RecallCluster.Http.Overload;
using RecallCluster.Http.Security;
using RecallCluster.Http.Tracking;
using RecallCluster.Serving;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace RecallCluster.Http;

/// <summary>
/// The HTTP front door:
/// <code> request ─► which route? ─► too many from this key? 429 ─► may it? 401, 403 ─► overloaded? 503 ─► route ─► closed loop
///                              (token bucket)               (API key, role)     (costly routes)      └─ problem details
///
/// serve    POST /v1/ads, /v1/candidates, /openrtb/2.6/bid           events   POST /v1/events          anyone   GET /t/{token}
/// admin    /v1/campaigns, /v1/ads/{id}, /v1/indexes, /v1/actors, /v1/calibrators, /v1/experiments, /v1/users/{id}, /v1/live,
///          /metrics
/// anyone   GET / (the dashboard's files), /healthz, /readyz, /openapi/v1.json
/// </code>
/// Logs go to stderr.
/// </summary>
public static class FrontDoor
{
    /// <summary>A door with candidates only.</summary>
    /// <param name="retriever">What answers; it may be published to later, until then the door is not ready.</param>
    /// <param name="options">Where to listen and what to accept.</param>
    /// <param name="configure">Last word on the host, e.g. for a test server.</param>
    public static WebApplication Create(AdRetriever retriever, FrontDoorOptions options, Action<IWebHostBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(retriever);
        return Create(new FrontDoorParts { Retriever = retriever }, options, configure);
    }

    /// <summary>A web application over <paramref name="parts"/>; the caller starts, stops and disposes it.</summary>
    /// <param name="parts">What answers; a part may be set later, until then its routes answer 503.</param>
    /// <param name="options">Where to listen and what to accept.</param>
    /// <param name="configure">Last word on the host, e.g. for a test server.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="IOException">A certificate cannot be read.</exception>
    public static WebApplication Create(FrontDoorParts parts, FrontDoorOptions options, Action<IWebHostBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(options);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        if (options.Tls is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.UseUrls([.. options.Urls]);
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint => Listen(endpoint, options.Limits));
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        AddServices(builder.Services, parts, options);
        configure?.Invoke(builder.WebHost);

        WebApplication app = builder.Build();
        app.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = AnswerFailureAsync });
        app.UseStatusCodePages(status => Problem.OfStatus(status.HttpContext.Response.StatusCode).ExecuteAsync(status.HttpContext));
        app.UseRouting();
        app.UseRateLimiter();
        app.UseMiddleware<AccessMiddleware>();
        app.UseMiddleware<SheddingMiddleware>();
        app.UseRequestDecompression();
        FrontDoorRoutes.Map(app);
        return app;
    }

    /// <summary>
    /// Answers a few trial requests inside the process, so that the first caller does not wait until the code on its way is compiled; to be
    /// called when all parts are there, before the door says that it is ready.
    /// </summary>
    /// <param name="app">The door.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static Task WarmUpAsync(WebApplication app, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(app);
        return DoorWarmUp.RunAsync(app, cancellation);
    }

    /// <summary>
    /// Answers trial requests inside the process until they become no quicker, so that a door which others send traffic to at once, as soon
    /// as it is ready, has none to turn away.
    /// </summary>
    /// <param name="app">The door.</param>
    /// <param name="longest">Time after which it ends, wherever it is.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static Task WarmUpAsync(WebApplication app, TimeSpan longest, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentOutOfRangeException.ThrowIfLessThan(longest, TimeSpan.Zero);
        return DoorWarmUp.SettleAsync(app, longest, cancellation);
    }

    /// <summary>The addresses on which a started <paramref name="app"/> listens, with the real port where 0 was asked for.</summary>
    public static IReadOnlyList<Uri> AddressesOf(WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        ICollection<string> addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        return [.. addresses.Select(a => new Uri(a))];
    }

    private static void Configure(KestrelServerOptions kestrel, FrontDoorOptions options)
    {
        FrontDoorLimits limits = options.Limits;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = limits.MaxBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = limits.MaxConnections;
        kestrel.Limits.MaxRequestHeadersTotalSize = limits.MaxHeaderBytes;
        kestrel.Limits.RequestHeadersTimeout = limits.SlowClientGrace;
        kestrel.Limits.KeepAliveTimeout = limits.KeepAlive;
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(limits.MinBodyBytesPerSecond, limits.SlowClientGrace);
        kestrel.Limits.MinResponseDataRate = new MinDataRate(limits.MinAnswerBytesPerSecond, limits.SlowClientGrace);
        if (options.Tls is { } tls)
            Tls.Use(kestrel, tls);
    }

    // Left to itself the system lets megabytes pile up for a client that never reads. Accepted connections inherit the limit.
    private static Socket Listen(EndPoint endpoint, FrontDoorLimits limits)
    {
        Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        socket.SendBufferSize = limits.SendBufferBytes;
        return socket;
    }

    private static void AddServices(IServiceCollection services, FrontDoorParts parts, FrontDoorOptions options)
    {
        services.AddSingleton(parts);
        services.AddSingleton(options);
        services.AddSingleton(options.Limits);
        services.AddSingleton(options.Access);
        services.AddSingleton(options.Overload);
        services.AddSingleton(options.OpenRtb.Currencies);
        services.AddSingleton(parts.Time);
        services.AddSingleton(new AdmissionGate(options.Overload, parts.Time));
        services.AddSingleton<BodyFormats>();
        services.AddSingleton<Tracker>();
        services.AddSingleton<CandidatesRoute>();
        services.AddSingleton<HealthRoutes>();
        services.AddSingleton<AdsRoute>();
        services.AddSingleton<BidRoute>();
        services.AddSingleton<EventsRoute>();
        services.AddSingleton<TrackRoute>();
        services.AddSingleton<CampaignRoutes>();
        services.AddSingleton<AdRoutes>();
        services.AddSingleton<UserRoutes>();
        services.AddSingleton<IndexRoutes>();
        services.AddSingleton<ExperimentRoutes>();
        services.AddSingleton<ActorRoutes>();
        services.AddSingleton<CalibratorRoutes>();
        services.AddSingleton<LiveRoutes>();
        services.AddSingleton<LiveHub>();
        services.AddHostedService(static provider => provider.GetRequiredService<LiveHub>());
        services.AddHostedService<BackgroundLog>();
        services.AddHostedService<FollowedKeys>();
        services.AddHostedService<FollowedTokenKeys>();
        services.AddSingleton(static _ => new PrometheusExposition(PrometheusExposition.UsualMeters));
        services.AddRequestDecompression();
        services.AddRateLimiter(limiter => KeyRateLimit.Configure(limiter, options.Access));
        DoorDocument.Add(services);
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
