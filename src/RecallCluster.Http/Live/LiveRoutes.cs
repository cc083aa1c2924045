using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Admin;
using RecallCluster.Serving.Live;

namespace RecallCluster.Http.Live;

/// <summary><c>GET /v1/live</c>: the state of now. <c>GET /v1/live/stream</c>: the same every second, as server-sent events.</summary>
internal sealed class LiveRoutes(FrontDoorParts parts, LiveHub hub)
{
    public async Task<IResult> GetAsync(HttpContext context)
    {
        LiveSnapshot snapshot = await parts.Live.Need("live view").SnapshotAsync(context.RequestAborted).ConfigureAwait(false);
        context.Response.Headers.CacheControl = "no-store";
        return Results.Json(LiveBody.Of(snapshot), AdminJson.Default.LiveBody);
    }

    public async Task<IResult> StreamAsync(HttpContext context)
    {
        parts.Live.Need("live view");
        using LiveSubscription? subscription = hub.Subscribe();
        if (subscription is null)
        {
            context.Response.Headers.RetryAfter = "10";
            return Problem.OfStatus(StatusCodes.Status503ServiceUnavailable, "Too many watch already.");
        }
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            await context.Response.WriteAsync("retry: 2000\n\n", context.RequestAborted).ConfigureAwait(false);
            await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            await foreach (byte[] frame in subscription.FramesAsync(context.RequestAborted).ConfigureAwait(false))
            {
                await context.Response.Body.WriteAsync(frame, context.RequestAborted).ConfigureAwait(false);
                await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return Results.Empty; // how every watching ends
        }
        return Results.Empty;
    }

    /// <summary>A snapshot as an event of the stream.</summary>
    public static byte[] FrameOf(LiveSnapshot snapshot) =>
        [.. "event: live\ndata: "u8, .. JsonSerializer.SerializeToUtf8Bytes(LiveBody.Of(snapshot), AdminJson.Default.LiveBody), .. "\n\n"u8];
}
