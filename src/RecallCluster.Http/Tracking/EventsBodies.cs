using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Tracking;

/// <summary>
/// Body of <c>POST /v1/events</c>: one event, or <c>events</c>. An event is a <c>token</c>, whose kind need not be told again, or a
/// <c>kind</c> and its <c>win</c>.
/// </summary>
internal sealed class EventsBody : EventBody
{
    public EventBody?[]? Events { get; init; }
}

/// <summary>One event.</summary>
internal class EventBody
{
    public string? Token { get; init; }

    public AdEventKind? Kind { get; init; }

    public WinBody? Win { get; init; }

    /// <summary>Tells events of one win and kind apart, such as two conversions.</summary>
    public ulong? Number { get; init; }

    /// <summary>What somebody else's auction charges for the impression, in units of our currency.</summary>
    public decimal? ClearingPrice { get; init; }

    /// <summary>Signals of an engagement.</summary>
    public double[]? Signals { get; init; }
}

/// <summary>A win, as whoever delivered the ad kept it.</summary>
internal sealed class WinBody
{
    /// <summary>32 hexadecimal digits.</summary>
    public string? Id { get; init; }

    public string? RequestId { get; init; }

    public long? CampaignId { get; init; }

    public string? AdId { get; init; }

    public string? UserId { get; init; }

    public int? Gateway { get; init; }

    public long? Lease { get; init; }

    public DateTimeOffset? AuctionAt { get; init; }

    /// <summary>Units of the currency.</summary>
    public decimal? Price { get; init; }

    public bool? IsPerClick { get; init; }

    public bool? IsBidOnly { get; init; }

    /// <summary>Which click model the raw pCTR is of.</summary>
    public uint? ClickModel { get; init; }

    public double? RawPCtr { get; init; }

    public double? PCtr { get; init; }

    public double? RawPCvr { get; init; }

    public double? PCvr { get; init; }

    public int? Position { get; init; }
}

/// <summary>Body of the answer to <c>POST /v1/events</c>: what became of each event, in their order.</summary>
internal sealed record EventsAnswerBody(EventResultBody[] Results);

/// <summary>
/// What became of an event: <c>applied</c>, <c>duplicate</c>, … or <c>refused</c> with the reason; what it cost, in units of the currency.
/// </summary>
internal sealed record EventResultBody(string Outcome, string? Reason = null, decimal Charged = 0, decimal Free = 0);
