using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Tracking;
using RecallCluster.Serving;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.OpenRtb;

/// <summary>
/// <c>POST /openrtb/2.6/bid</c>: 200 with bids, 204 without, 200 with a reason where there is one worth telling:
/// <code> body ─► JSON document ─► BidRequest ─► AdRequest, BidOnly ─► gateway ─► markup, notices ─► BidResponse
///             └─ broken: 400 with the field, or nbr 2   └─ no time, currency or format: nbr
/// </code>
/// </summary>
internal sealed class BidRoute(FrontDoorParts parts, FrontDoorOptions options, Tracker tracker)
{
    private const string VersionHeader = "x-openrtb-version";
    private readonly BidRequestReader _reader = new(options.OpenRtb, options.Limits);
    private readonly BidRequestMapper _mapper = new(options.OpenRtb);
    private readonly BidResponseWriter _writer = new(options.Tracking);

    public async Task<IResult> AnswerAsync(HttpContext context)
    {
        context.Response.Headers[VersionHeader] = "2.6";
        if (context.Request.Headers[VersionHeader] is [{ Length: > 0 } version] && !version.StartsWith("2.", StringComparison.Ordinal))
            return Problem.OfStatus(StatusCodes.Status400BadRequest, "x-openrtb-version: this is OpenRTB 2.6.");
        if (!context.Request.HasJsonContentType())
            return Problem.OfStatus(StatusCodes.Status415UnsupportedMediaType, "The body must be application/json.");
        IAdGateway gateway = parts.Gateway.Need("gateway");
        if (!gateway.IsReady)
            return Problem.NotReady();
        using JsonDocument document = await ParseAsync(context).ConfigureAwait(false);
        try
        {
            return await BidAsync(context, gateway, _reader.Read(document.RootElement)).ConfigureAwait(false);
        }
        catch (InvalidRequestException) when (options.OpenRtb.InvalidRequests == InvalidBidRequests.NoBid && IdOf(document) is not null)
        {
            return NoBidOf(IdOf(document)!, NoBid.InvalidRequest);
        }
    }

    /// <summary>The response to an answer of the gateway.</summary>
    /// <param name="request">The HTTP request, for links.</param>
    /// <param name="bid">The bid request.</param>
    /// <param name="mapped">What the gateway was asked.</param>
    /// <param name="answer">What it answered.</param>
    /// <param name="unused">Receives the wins that are no bid after all.</param>
    internal IResult ResultOf(HttpRequest request, BidRequest bid, MappedBidRequest mapped, AdAnswer answer, out List<Win> unused)
    {
        unused = [];
        if (answer.Ads.Count == 0)
            return NoBidOf(bid.Id, NoBidReasons.Of(answer.NoAd));
        var buffer = new ArrayBufferWriter<byte>(4096);
        int bids = _writer.Write(buffer, bid, mapped, answer, tracker.LinksFor(request), unused);
        if (bids == 0)
            return NoBidOf(bid.Id, NoBid.Plain);
        DoorTelemetry.Bids.Add(bids);
        return Results.Bytes(buffer.WrittenMemory, "application/json");
    }

    private async Task<IResult> BidAsync(HttpContext context, IAdGateway gateway, BidRequest bid)
    {
        MappedBidRequest mapped = _mapper.Map(bid);
        if (mapped.Request is null)
            return NoBidOf(bid.Id, mapped.Reason);
        AdAnswer answer;
        try
        {
            answer = await gateway.AnswerAsync(mapped.Request, context.RequestAborted).ConfigureAwait(false);
        }
        catch (InvalidRequestException e)
        {
            throw new InvalidRequestException(BidRequestFields.NameOf(e.Field, bid, mapped.Request), e.Reason);
        }
        IResult result = ResultOf(context.Request, bid, mapped, answer, out List<Win> unused);
        await ReleaseAsync(unused).ConfigureAwait(false);
        return result;
    }

    /// <summary>What the gateway holds for wins that are no bids is free at once, not only when their window closes.</summary>
    private async Task ReleaseAsync(List<Win> wins)
    {
        if (wins.Count > 0 && parts.Feedback is { } feedback)
        {
            await feedback.AcceptAsync(
                [.. wins.Select(win => new AdEvent(AdEventKind.Loss, win))], CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task<JsonDocument> ParseAsync(HttpContext context)
    {
        try
        {
            return await JsonDocument.ParseAsync(
                context.Request.Body, BidRequestReader.Tolerant, context.RequestAborted).ConfigureAwait(false);
        }
        catch (JsonException e)
        {
            throw new InvalidRequestException("body", $"malformed JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (InvalidDataException)
        {
            throw new InvalidRequestException("body", "is not compressed as its Content-Encoding says.");
        }
    }

    private static string? IdOf(JsonDocument document)
    {
        try
        {
            return JsonPlace.RootOf(document.RootElement).Text("id");
        }
        catch (InvalidRequestException)
        {
            return null;
        }
    }

    private static IResult NoBidOf(string id, NoBid reason)
    {
        DoorTelemetry.NoBids.Add(1, new KeyValuePair<string, object?>("reason", NoBidReasons.NameOf(reason)));
        if (reason == NoBid.Plain)
            return Results.NoContent();
        var buffer = new ArrayBufferWriter<byte>(256);
        BidResponseWriter.WriteNoBid(buffer, id, reason);
        return Results.Bytes(buffer.WrittenMemory, "application/json");
    }
}
