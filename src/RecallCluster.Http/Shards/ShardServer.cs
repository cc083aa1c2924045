using System.Buffers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RecallCluster.Http.Security;

namespace RecallCluster.Http.Shards;

/// <summary>How to serve a shard.</summary>
public sealed record ShardServerOptions
{
    /// <summary>Where to listen; port 0 takes a free one. Without TLS, HTTP/2 is spoken from the first byte (h2c).</summary>
    public string Url { get; init; } = "http://127.0.0.1:0";

    /// <summary>Certificate, and authorities of gateways' certificates, for a URL of https; null for none.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>What gateways must show; null where whoever can connect may ask.</summary>
    public ShardSecret? Secret { get; init; }

    /// <summary>Largest query, in bytes.</summary>
    public long MaxQueryBytes { get; init; } = 4 << 20;

    /// <summary>Largest book or placements, in bytes.</summary>
    public long MaxPublicationBytes { get; init; } = 256 << 20;
}

/// <summary>
/// Serves one shard to gateways over HTTP/2, in binary frames (<see cref="FrameWriter"/>):
/// <code>
/// POST /shard/v1/search       query ─► answer; 409 where it cannot answer (another version, no book of this gateway), with the reason;
///                             503 where it could not begin within its time
/// PUT  /shard/v1/book         bid book ─► 204
/// PUT  /shard/v1/placements   placements ─► 204; 409 where they are of another version
/// PUT  /shard/v1/additions    ads that the index does not hold, put in and taken out ─► 204; 409 where something before them is missing
/// GET  /shard/v1/state        what it holds
/// GET  /healthz               alive
/// </code>
/// A frame that is broken is a 400 with the check that failed. Where there is a secret, a caller that does not show it gets a 401, before
/// anything of its body is read, on every path but /healthz; where there are authorities, a caller without a certificate of theirs does not
/// even connect.
/// </summary>
public static class ShardServer
{
    internal const string SearchPath = "/shard/v1/search";
    internal const string BookPath = "/shard/v1/book";
    internal const string PlacementsPath = "/shard/v1/placements";
    internal const string AdditionsPath = "/shard/v1/additions";
    internal const string AlivePath = "/healthz";
    internal const string StatePath = "/shard/v1/state";
    internal const string MediaType = "application/vnd.recallcluster.shard";

    /// <summary>A web application over <paramref name="shard"/>; the caller starts, stops and disposes it.</summary>
    public static WebApplication Create(ServedShard shard, ShardServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(shard);
        ArgumentNullException.ThrowIfNull(options);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(options.Url);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxPublicationBytes;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1_000;
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2);
            if (options.Tls is { } tls)
                Security.Tls.Use(kestrel, tls);
        });
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);

        WebApplication app = builder.Build();
        if (options.Secret is { } secret)
            app.Use((context, next) => RequireAsync(secret, context, next));
        app.MapPost(SearchPath, context => AnswerAsync(context, options.MaxQueryBytes, async body =>
        {
            (ulong publisher, int additions, Serving.ShardQuery query) = ShardMessages.ReadQuery(body.Span);
            Serving.ShardAnswer answer =
                await shard.SearchAsync(publisher, additions, query, context.RequestAborted).ConfigureAwait(false);
            using var frame = new FrameWriter(FrameKind.Answer);
            ShardMessages.Write(frame, answer);
            await SendAsync(context, frame).ConfigureAwait(false);
        }));
        app.MapPut(BookPath, context => AnswerAsync(context, options.MaxPublicationBytes, body =>
        {
            (ulong publisher, Serving.ValueRanking.BidBook book) = ShardMessages.ReadBook(body.Span);
            shard.Publish(publisher, book);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }));
        app.MapPut(PlacementsPath, context => AnswerAsync(context, options.MaxPublicationBytes, body =>
        {
            (ulong publisher, Serving.ValueRanking.ShardPlacements placements) = ShardMessages.ReadPlacements(body.Span);
            shard.Publish(publisher, placements);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }));
        app.MapPut(AdditionsPath, context => AnswerAsync(context, options.MaxPublicationBytes, async body =>
        {
            (ulong publisher, AdditionsPart part) = ShardMessages.ReadAdditions(body.Span);
            // Off this thread: a part of a thousand ads keeps a processor busy for seconds.
            await Task.Run(() => shard.Publish(publisher, part)).ConfigureAwait(false);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }));
        app.MapGet(StatePath, async context =>
        {
            using var frame = new FrameWriter(FrameKind.State);
            ShardMessages.Write(frame, shard.Status);
            await SendAsync(context, frame).ConfigureAwait(false);
        });
        app.MapGet(AlivePath, () => Results.Text("alive"));
        return app;
    }

    private static Task RequireAsync(ShardSecret secret, HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path == AlivePath || secret.Admits(context.Request.Headers.Authorization))
            return next(context);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return RefuseAsync(context, StatusCodes.Status401Unauthorized, "The gateway does not show this shard's secret.");
    }

    private static async Task AnswerAsync(HttpContext context, long most, Func<ReadOnlyMemory<byte>, Task> answer)
    {
        if (context.Request.ContentLength is not { } length || length > most)
        {
            string reason = $"A body of at most {most} bytes, its length said, is wanted.";
            await RefuseAsync(context, StatusCodes.Status413PayloadTooLarge, reason).ConfigureAwait(false);
            return;
        }
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)length);
        try
        {
            await context.Request.Body.ReadExactlyAsync(buffer.AsMemory(0, (int)length), context.RequestAborted).ConfigureAwait(false);
            await answer(buffer.AsMemory(0, (int)length)).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, e.Message).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, e.Message).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, e.Message).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The gateway has its answer from elsewhere, or no longer waits.
            context.Abort();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(reason, context.RequestAborted);
    }

    private static async Task SendAsync(HttpContext context, FrameWriter frame)
    {
        ReadOnlyMemory<byte> bytes = frame.End();
        context.Response.ContentType = MediaType;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted).ConfigureAwait(false);
    }
}
