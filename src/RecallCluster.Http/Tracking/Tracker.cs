using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Tokens;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Tracking;

/// <summary>Signs tracking tokens and reads them back. Thread-safe.</summary>
internal sealed class Tracker(FrontDoorOptions options, FrontDoorParts parts)
{
    private readonly WinTokens _tokens = new(options.Tracking.Keys ?? TokenKeyRing.CreateEphemeral());

    /// <summary>Signs and reads with other keys from now on.</summary>
    public void Use(TokenKeyRing keys) => _tokens.Use(keys);

    /// <summary>Makes links that lead back to this door.</summary>
    public TrackingLinks LinksFor(HttpRequest request) =>
        new(this, options.PublicUrl?.AbsoluteUri.TrimEnd('/') ?? $"{request.Scheme}://{request.Host}");

    public string Sign(AdEventKind kind, Win win) => _tokens.Sign(kind, win, win.AuctionAt + options.Tracking.LifetimeOf(kind));

    /// <summary>Reads a token and counts what that gave.</summary>
    public TokenReading Read(ReadOnlySpan<char> token, out SignedEvent? signed)
    {
        TokenReading reading = _tokens.Read(token, parts.BusinessClock.GetUtcNow(), out signed);
        DoorTelemetry.Tokens.Add(1, new KeyValuePair<string, object?>("reading", NameOf(reading)));
        return reading;
    }

    /// <summary>
    /// Signs and reads a token of nobody's, uncounted, so that the first ad does not wait for the cryptography to be loaded.
    /// </summary>
    public void Try()
    {
        DateTimeOffset now = parts.BusinessClock.GetUtcNow();
        var nobody = new Win
        {
            Id = default,
            RequestId = "warm-up",
            CampaignId = 0,
            AdId = "warm-up",
            Gateway = 0,
            Lease = 0,
            AuctionAt = now,
            Price = default,
            IsPerClick = true,
            RawClickProbability = 0,
            ClickProbability = 0,
        };
        _tokens.Read(Sign(AdEventKind.Impression, nobody), now, out _);
    }

    public static string NameOf(TokenReading reading) => reading switch
    {
        TokenReading.Valid => "valid",
        TokenReading.Oversized => "oversized",
        TokenReading.UnknownKey => "unknownKey",
        TokenReading.Forged => "forged",
        TokenReading.Expired => "expired",
        _ => "malformed",
    };
}

/// <summary>Makes the tracking URLs of wins.</summary>
internal sealed class TrackingLinks(Tracker tracker, string baseUrl)
{
    public string Impression(Win win) => Of(AdEventKind.Impression, win);

    public string Click(Win win) => Of(AdEventKind.Click, win);

    public string Conversion(Win win) => Of(AdEventKind.Conversion, win);

    public string Loss(Win win) => Of(AdEventKind.Loss, win);

    private string Of(AdEventKind kind, Win win) => $"{baseUrl}/t/{tracker.Sign(kind, win)}";
}
