using System.Globalization;
using RecallCluster.Http.Native;
using RecallCluster.Http.Tokens;
using RecallCluster.Serving;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Tracking;

/// <summary>From the body of <c>POST /v1/events</c> to events, and to refusals of tokens that are no good.</summary>
internal sealed class EventsReader(Tracker tracker, FrontDoorLimits limits)
{
    private const int MostSignals = 64;

    /// <summary>Reads a body: an event and no refusal, or the other way round, for each place.</summary>
    /// <exception cref="InvalidRequestException">The body makes no sense; a bad token alone does not make it so.</exception>
    public (AdEvent? Event, string? Refusal)[] Read(EventsBody body)
    {
        if (body.Events is not { } events)
            return [Read("", body)];
        if (body.Token is not null || body.Kind is not null || body.Win is not null)
            throw new InvalidRequestException("events", "stands alone: the body is one event or many.");
        if (events.Length == 0 || events.Length > limits.MaxEvents)
            throw new InvalidRequestException("events", $"must have 1 to {limits.MaxEvents} entries, not {events.Length}.");
        var read = new (AdEvent?, string?)[events.Length];
        for (int i = 0; i < read.Length; i++)
            read[i] = Read($"events[{i}].", events[i] ?? throw new InvalidRequestException($"events[{i}]", "wants an object, not null."));
        return read;
    }

    private (AdEvent? Event, string? Refusal) Read(string at, EventBody body)
    {
        if (body.Token is not { } token)
        {
            AdEventKind kind = FieldChecks.Required($"{at}kind", body.Kind, "what happened? (or send a token)");
            return (EventOf(at, kind, WinOf($"{at}win", body.Win), body), null);
        }
        if (body.Win is not null)
            throw new InvalidRequestException($"{at}win", "stands in the token already.");
        TokenReading reading = tracker.Read(token, out SignedEvent? signed);
        if (reading != TokenReading.Valid)
            return (null, Tracker.NameOf(reading));
        AdEventKind wanted = body.Kind ?? signed!.Kind;
        return Allows(signed!.Kind, wanted) ? (EventOf(at, wanted, signed.Win, body), null) : (null, "otherKind");
    }

    // What the user did after the click is told by the same advertiser that tells of the conversion, with the same token.
    private static bool Allows(AdEventKind signed, AdEventKind wanted) =>
        signed == wanted || (signed == AdEventKind.Conversion && wanted == AdEventKind.Engagement);

    private static AdEvent EventOf(string at, AdEventKind kind, Win win, EventBody body)
    {
        if (body.Signals is { } signals && (kind != AdEventKind.Engagement || signals.Length > MostSignals))
            throw new InvalidRequestException($"{at}signals", $"are at most {MostSignals} numbers, of an engagement.");
        if (body.Number is > 0 && kind is not (AdEventKind.Conversion or AdEventKind.Engagement))
            throw new InvalidRequestException($"{at}number", "is for conversions and engagements; of others there is but one.");
        return new AdEvent(kind, win)
        {
            Number = body.Number ?? 0,
            ClearingPrice = win.IsBidOnly && body.ClearingPrice is { } price ? FieldChecks.Money($"{at}clearingPrice", price) : null,
            Signals = body.Signals,
        };
    }

    private static Win WinOf(string at, WinBody? body)
    {
        body = FieldChecks.Required(at, body, "the delivery that this belongs to.");
        string id = FieldChecks.Required($"{at}.id", body.Id, "32 hexadecimal digits.");
        if (id.Length != 32 || !UInt128.TryParse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 number))
            throw new InvalidRequestException($"{at}.id", "wants 32 hexadecimal digits.");
        return new Win
        {
            Id = number,
            RequestId = FieldChecks.Id($"{at}.requestId", body.RequestId, "the request."),
            CampaignId = FieldChecks.InRange(
                $"{at}.campaignId", FieldChecks.Required($"{at}.campaignId", body.CampaignId, "who pays?"), 1, long.MaxValue),
            AdId = FieldChecks.Id($"{at}.adId", body.AdId, "the ad."),
            UserId = FieldChecks.OptionalId($"{at}.userId", body.UserId),
            Gateway = FieldChecks.Required($"{at}.gateway", body.Gateway, "who delivered it?"),
            Lease = FieldChecks.Required($"{at}.lease", body.Lease, "the lease that it was won under."),
            AuctionAt = FieldChecks.Required($"{at}.auctionAt", body.AuctionAt, "when was it won?").ToUniversalTime(),
            Price = FieldChecks.Money($"{at}.price", FieldChecks.Required($"{at}.price", body.Price, "what it costs.")),
            IsPerClick = FieldChecks.Required($"{at}.isPerClick", body.IsPerClick, "true or false."),
            IsBidOnly = body.IsBidOnly ?? false,
            ClickModel = body.ClickModel ?? 0,
            RawClickProbability = Probability($"{at}.rawPCtr", FieldChecks.Required($"{at}.rawPCtr", body.RawPCtr, "in (0, 1).")),
            ClickProbability = Probability($"{at}.pCtr", FieldChecks.Required($"{at}.pCtr", body.PCtr, "in [0, 1].")),
            RawConversionProbability = Probability($"{at}.rawPCvr", body.RawPCvr ?? 0),
            ConversionProbability = Probability($"{at}.pCvr", body.PCvr ?? 0),
            Position = FieldChecks.InRange($"{at}.position", body.Position ?? 0, 0, int.MaxValue),
        };
    }

    private static double Probability(string field, double value) => FieldChecks.InRange(field, value, 0, 1);
}
