using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using RecallCluster.Grains.Feedback;
using RecallCluster.Http.Security;

namespace RecallCluster.Silo.Health;

/// <summary>
/// Tells operators of the stream of feedback: <c>GET /feedback/parked</c> the events that no campaign takes, and why;
/// <c>POST /feedback/parked/retry</c> lets them be delivered once more, which changes nothing for one that was applied after all. The port
/// wants no key, so only somebody at this machine may change something over it.
/// </summary>
internal sealed class FeedbackRoutes(IServiceProvider services)
{
    private const int Most = 1_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Adds the routes.</summary>
    public void Map(WebApplication app)
    {
        app.MapGet("/feedback/parked", (RequestDelegate)(context => TellAsync(
            context, HealthJson.Readable.ParkedBody,
            async (stream, cancellation) => new ParkedBody(await stream.ParkedAsync(Most, cancellation).ConfigureAwait(false)))));
        app.MapPost("/feedback/parked/retry", (RequestDelegate)(context => Caller.IsLocal(context)
            ? TellAsync(
                context, HealthJson.Readable.RetriedBody,
                async (stream, cancellation) => new RetriedBody(await stream.RetryParkedAsync(Most, cancellation).ConfigureAwait(false)))
            : RefuseAsync(context)));
    }

    /// <summary>How it stands with the stream; null where that cannot be told now.</summary>
    public async Task<FeedbackStoreStatus?> StatusAsync(CancellationToken cancellation)
    {
        try
        {
            return await services.GetRequiredService<IFeedbackStore>().StatusAsync(cancellation).WaitAsync(Patience, cancellation)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            return null;
        }
    }

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync("Only over the loopback interface of the machine that this runs on.", context.RequestAborted);
    }

    private async Task TellAsync<T>(HttpContext context, JsonTypeInfo<T> type, Func<IFeedbackStore, CancellationToken, Task<T>> ask)
    {
        try
        {
            T told = await ask(services.GetRequiredService<IFeedbackStore>(), context.RequestAborted).ConfigureAwait(false);
            await context.Response.WriteAsJsonAsync(told, type, cancellationToken: context.RequestAborted).ConfigureAwait(false);
        }
        catch (IOException)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
    }
}
