using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using RecallCluster.Http.Security;

namespace RecallCluster.Http;

/// <summary>
/// Trial requests of the door's own, so that the first caller does not wait until all code on the way from body to answer is compiled.
/// They go to the routes' handlers directly, past keys, limits and shedding, and nothing is reserved or charged for them; the gateway
/// counts them as it does everybody's tests.
/// </summary>
internal static class DoorWarmUp
{
    private const int Rounds = 3;

    private static readonly (string Path, string Body)[] Trials =
    [
        ("/v1/ads",
            """{"id":"warm-up","user":{"sequence":[]},"context":{"country":"DEU","device":"phone"},"slots":[{"id":"1"}],"test":true}"""),
        ("/v1/candidates", """{"user":{"sequence":[]},"k":5}"""),
        ("/openrtb/2.6/bid",
            """{"id":"warm-up","test":1,"imp":[{"id":"1","banner":{"format":[{"w":300,"h":250}]}}],"site":{"domain":"warm-up.example"}}"""),
    ];

    /// <summary>Answers the trials, a few times each; what goes wrong is left for the first real request to tell.</summary>
    /// <param name="app">A door that has its routes.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static async Task RunAsync(WebApplication app, CancellationToken cancellation)
    {
        RouteEndpoint[] routes = [.. app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];
        foreach ((string path, string body) in Trials)
        {
            if (Array.Find(routes, route => route.RoutePattern.RawText == path) is not { RequestDelegate: { } answer })
                continue;
            for (int round = 0; round < Rounds; round++)
                await AskAsync(app, answer, path, body, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task AskAsync(WebApplication app, RequestDelegate answer, string path, string body, CancellationToken cancellation)
    {
        AsyncServiceScope scope = app.Services.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider, RequestAborted = cancellation };
            (context.Request.Method, context.Request.Path, context.Request.Scheme) = (HttpMethods.Post, path, "http");
            context.Request.Host = new HostString("localhost");
            context.Request.ContentType = "application/json";
            context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
            context.Response.Body = Stream.Null;
            Caller.Assume(context, ApiRoles.Serve);
            await answer(context).ConfigureAwait(false);
        }
    }
}
