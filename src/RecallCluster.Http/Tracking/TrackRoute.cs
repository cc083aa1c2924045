using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RecallCluster.Bidding.Money;
using RecallCluster.Http.OpenRtb;
using RecallCluster.Http.Tokens;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Tracking;

/// <summary>
/// <c>GET /t/{token}</c>: what browsers and exchanges call. An impression or conversion gets a pixel, a click its landing page, a loss notice
/// nothing. The page comes from the catalogue and the ad from the signed token, so nobody can send a user elsewhere through us.
/// </summary>
internal sealed partial class TrackRoute(FrontDoorParts parts, Tracker tracker, CurrencyTable currencies, ILogger<TrackRoute> logger)
{
    // The smallest transparent GIF: header, a palette of two, graphic control with transparency, one pixel.
    private static readonly byte[] Pixel = Convert.FromHexString(
        "47494638396101000100800000000000FFFFFF21F90401000000002C00000000010001000002024401003B");

    /// <summary>Takes the event that the token stands for.</summary>
    public async Task<IResult> TakeAsync(string token, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        TokenReading reading = tracker.Read(token, out SignedEvent? signed);
        if (reading != TokenReading.Valid && !(reading == TokenReading.Expired && signed!.Kind == AdEventKind.Click))
            return Refuse(reading);
        return signed!.Kind == AdEventKind.Click
            ? await FollowAsync(signed.Win, reading == TokenReading.Valid).ConfigureAwait(false)
            : await RecordAsync(signed, context).ConfigureAwait(false);
    }

    /// <summary><c>GET /t/{token}/win</c>: somebody else's auction says that our bid won. Nothing is charged for that, so it is only counted.</summary>
    public IResult NoteWin(string token, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        TokenReading reading = tracker.Read(token, out _);
        if (reading != TokenReading.Valid)
            return Refuse(reading);
        DoorTelemetry.WinNotices.Add(1);
        return Results.NoContent();
    }

    private static IResult Refuse(TokenReading reading) => Problem.TokenRefused(
        reading == TokenReading.Expired ? StatusCodes.Status410Gone : StatusCodes.Status400BadRequest, Tracker.NameOf(reading));

    private async Task<IResult> RecordAsync(SignedEvent signed, HttpContext context)
    {
        // A loss notice can also say that we won after all.
        if (signed.Kind == AdEventKind.Loss && context.Request.Query["l"] is ["0"])
            return Results.NoContent();
        var taken = new AdEvent(signed.Kind, signed.Win)
        {
            ClearingPrice = signed.Kind == AdEventKind.Impression && signed.Win.IsBidOnly ? ClearingPriceOf(context.Request.Query) : null,
        };
        await AcceptAsync(taken).ConfigureAwait(false);
        return signed.Kind == AdEventKind.Loss ? Results.NoContent() : Results.Bytes(Pixel, "image/gif");
    }

    /// <summary>A user who clicked gets where the ad leads, also when the click comes too late to count or cannot be recorded.</summary>
    private async Task<IResult> FollowAsync(Win win, bool counts)
    {
        if (!parts.Catalogue.Need("catalogue").TryGet(win.AdId, out Ad? ad) || !IsWeb(ad!.LandingPage))
            return Problem.OfStatus(StatusCodes.Status410Gone, "The ad is gone.");
        if (counts)
        {
            try
            {
                await AcceptAsync(new AdEvent(AdEventKind.Click, win)).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or PartMissingException)
            {
                DoorTelemetry.EventsLost.Add(1);
                LogUnrecorded(logger, e);
            }
        }
        return Results.Redirect(ad.LandingPage.AbsoluteUri);
    }

    private async Task AcceptAsync(AdEvent taken)
    {
        IReadOnlyList<AdEventResult> results =
            await parts.Feedback.Need("feedback").AcceptAsync([taken], CancellationToken.None).ConfigureAwait(false);
        EventsRoute.Count(taken.Kind, results[0]);
    }

    private static bool IsWeb(Uri url) => url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps;

    /// <summary>The price that a notice tells; null, which charges our bid, when it tells none that makes sense.</summary>
    private Micros? ClearingPriceOf(IQueryCollection query) =>
        query["p"] is [{ Length: > 0 and < 40 } text]
        && decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out decimal cpm)
        && (query["c"] is [{ } currency] ? currencies.RateOf(currency) : 1) is { } rate
            ? CurrencyTable.PerImpression(cpm, rate)
            : null;

    [LoggerMessage(Level = LogLevel.Error, Message = "A click was redirected but could not be recorded.")]
    private static partial void LogUnrecorded(ILogger logger, Exception e);
}
