using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace RecallCluster.Http.Overload;

/// <summary>Marks a route whose requests cost enough to be turned away under overload.</summary>
internal sealed record CostlyWork
{
    public static CostlyWork Mark { get; } = new();
}

/// <summary>Sends costly requests through the <see cref="AdmissionGate"/>; those turned away get a 503 that costs nearly nothing.</summary>
internal sealed class SheddingMiddleware(
    RequestDelegate next, AdmissionGate gate, FrontDoorParts parts, OverloadOptions options, TimeProvider time)
{
    private static readonly byte[] Body =
        """{"type":"urn:recallcluster:problem:overload","title":"Overloaded; come back later.","status":503}"""u8.ToArray();

    private readonly string _retryAfter = Math.Max(1, Math.Ceiling(options.RetryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    public Task InvokeAsync(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<CostlyWork>() is null ? next(context) : WorkAsync(context);

    private async Task WorkAsync(HttpContext context)
    {
        // Who sends slowly must not keep those out who have sent.
        await ReceivedBody.WaitAsync(context).ConfigureAwait(false);
        long arrived = time.GetTimestamp();
        if (!await gate.EnterAsync().ConfigureAwait(false))
        {
            DoorTelemetry.Shed.Add(1);
            parts.Shed?.Invoke();
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = _retryAfter;
            context.Response.ContentType = Problem.ContentType;
            context.Response.ContentLength = Body.Length;
            await context.Response.Body.WriteAsync(Body, context.RequestAborted).ConfigureAwait(false);
            return;
        }
        DoorTelemetry.InFlight.Add(1);
        long start = time.GetTimestamp();
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            TimeSpan latency = time.GetElapsedTime(start);
            DoorTelemetry.Limit.Record(gate.Exit(latency));
            DoorTelemetry.InFlight.Add(-1);
            DoorTelemetry.Work.Record(latency.TotalSeconds);
            DoorTelemetry.Duration.Record(time.GetElapsedTime(arrived).TotalSeconds);
        }
    }
}
