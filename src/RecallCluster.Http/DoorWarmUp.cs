using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using RecallCluster.Http.Security;
using RecallCluster.Http.Tracking;

namespace RecallCluster.Http;

/// <summary>
/// Trial requests of the door's own, so that the first caller does not wait until all code on the way from body to answer is compiled.
/// They go to the routes' handlers directly, past keys, limits and shedding, and nothing is reserved or charged for them; the gateway
/// counts them as it does everybody's tests.
/// </summary>
internal static class DoorWarmUp
{
    private const string Json = "application/json";
    private const int Rounds = 3, RoundsOfBatch = 16;

    // A batch that is not so much quicker than the best before it shows that there is little left to gain; two of them, that there is
    // nothing.
    private const double Gain = 0.9;
    private const int WithoutGain = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly Trial[] Usual =
    [
        new("/v1/ads", Json, Encoding.UTF8.GetBytes(
            """
            {"id":"warm-up","user":{"id":"warm-up","sequence":[]},"context":{"country":"DEU","device":"phone"},"slots":[{"id":"1"}],
             "test":true}
            """)),
        new("/v1/candidates", Json, Encoding.UTF8.GetBytes("""{"user":{"sequence":[]},"k":5}""")),
        new("/openrtb/2.6/bid", Json, Encoding.UTF8.GetBytes(
            """
            {"id":"warm-up","test":1,"imp":[{"id":"1","banner":{"format":[{"w":300,"h":250}]}}],"site":{"domain":"warm-up.example"}}
            """)),
    ];

    /// <summary>Answers the trials, a few times each; what goes wrong is left for the first real request to tell.</summary>
    /// <param name="app">A door that has its routes.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static async Task RunAsync(WebApplication app, CancellationToken cancellation)
    {
        await EnterAsync(app, cancellation).ConfigureAwait(false);
        await RunAsync(app, Ready(app), Rounds, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Answers the trials, many at once, until they become no quicker: then what is called often has been compiled with care, here and
    /// wherever the door's work is done.
    /// </summary>
    /// <param name="app">A door that has its routes.</param>
    /// <param name="longest">Time after which it ends, wherever it is.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static async Task SettleAsync(WebApplication app, TimeSpan longest, CancellationToken cancellation)
    {
        await EnterAsync(app, cancellation).ConfigureAwait(false);
        if (longest <= TimeSpan.Zero)
            return;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        over.CancelAfter(longest);
        try
        {
            await SettleAsync(app, Ready(app), over.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // It has had its time: callers are better served by a cold door than by none.
            return;
        }
    }

    private static async Task SettleAsync(
        WebApplication app, (Trial Trial, RequestDelegate Answer)[] trials, CancellationToken cancellation)
    {
        TimeSpan best = TimeSpan.MaxValue;
        for (int still = 0; still < WithoutGain;)
        {
            long start = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(
                _ => Task.Run(() => RunAsync(app, trials, RoundsOfBatch, cancellation), cancellation))).ConfigureAwait(false);
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            still = took > best * Gain ? still + 1 : 0;
            best = took < best ? took : best;
        }
    }

    /// <summary>Comes in as callers do, which loads the server, and has a token signed, which loads the cryptography.</summary>
    private static async Task EnterAsync(WebApplication app, CancellationToken cancellation)
    {
        app.Services.GetRequiredService<Tracker>().Try();
        if (FrontDoor.AddressesOf(app) is not [{ } address, ..])
            return;
        // It is our own door: whose name its certificate bears is nothing that we have to check.
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
        };
        using var http = new HttpClient(handler) { Timeout = Patience };
        string host = address.HostNameType == UriHostNameType.IPv4 && address.Host != "0.0.0.0" ? address.Host : "localhost";
        var healthz = new UriBuilder(address) { Host = host, Path = "/healthz" };
        try
        {
            for (int round = 0; round < Rounds; round++)
                (await http.GetAsync(healthz.Uri, cancellation).ConfigureAwait(false)).Dispose();
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            // The door may be one that cannot be entered from its own machine.
            return;
        }
    }

    private static (Trial Trial, RequestDelegate Answer)[] Ready(WebApplication app)
    {
        RouteEndpoint[] routes = [.. app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];
        IEnumerable<Trial> others = app.Services.GetRequiredService<FrontDoorOptions>().Formats.SelectMany(
            format => format.Trials.Select(trial => new Trial(trial.Path, format.MediaType, trial.Body)));
        return
        [
            .. Usual.Concat(others)
                .Select(trial => (
                    Trial: trial, Answer: Array.Find(routes, route => route.RoutePattern.RawText == trial.Path)?.RequestDelegate))
                .Where(ready => ready.Answer is not null).Select(ready => (ready.Trial, ready.Answer!)),
        ];
    }

    private static async Task RunAsync(
        WebApplication app, (Trial Trial, RequestDelegate Answer)[] trials, int rounds, CancellationToken cancellation)
    {
        foreach ((Trial trial, RequestDelegate answer) in trials)
        {
            for (int round = 0; round < rounds; round++)
            {
                cancellation.ThrowIfCancellationRequested();
                await AskAsync(app, answer, trial, cancellation).ConfigureAwait(false);
            }
        }
    }

    private static async Task AskAsync(WebApplication app, RequestDelegate answer, Trial trial, CancellationToken cancellation)
    {
        AsyncServiceScope scope = app.Services.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider, RequestAborted = cancellation };
            (context.Request.Method, context.Request.Path, context.Request.Scheme) = (HttpMethods.Post, trial.Path, "http");
            context.Request.Host = new HostString("localhost");
            context.Request.ContentType = trial.MediaType;
            context.Request.Body = new MemoryStream(trial.Body);
            context.Response.Body = Stream.Null;
            Caller.Assume(context, ApiRoles.Serve);
            try
            {
                await answer(context).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OutOfMemoryException && !cancellation.IsCancellationRequested)
            {
                // Nobody asked: a door that fails here may be opened, and tells whoever does ask.
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            }
        }
    }

    /// <summary>A request to try.</summary>
    private sealed record Trial(string Path, string MediaType, byte[] Body);
}
