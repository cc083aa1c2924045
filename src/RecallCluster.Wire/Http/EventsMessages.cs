using MessagePack;

namespace RecallCluster.Wire.Http;

/// <summary>Body of <c>POST /v1/events</c>: events, each as in JSON.</summary>
/// <param name="Events">The events, at least one.</param>
[MessagePackObject]
public sealed record EventsMessage([property: Key(0)] FeedbackMessage?[]? Events);

/// <summary>One event: a token, or a kind and its win.</summary>
[MessagePackObject]
public sealed record FeedbackMessage
{
    /// <summary>The signed token of the delivery.</summary>
    [Key(0)]
    public string? Token { get; init; }

    /// <summary>"impression", "click", "conversion", "engagement" or "loss"; null where the token says it.</summary>
    [Key(1)]
    public string? Kind { get; init; }

    /// <summary>The delivery, where there is no token.</summary>
    [Key(2)]
    public WinBodyMessage? Win { get; init; }

    /// <summary>Tells events of one win and kind apart.</summary>
    [Key(3)]
    public ulong? Number { get; init; }

    /// <summary>What somebody else's auction charges, in units of the currency.</summary>
    [Key(4)]
    public decimal? ClearingPrice { get; init; }

    /// <summary>Signals of an engagement.</summary>
    [Key(5)]
    public double[]? Signals { get; init; }
}

/// <summary>A win, as whoever delivered the ad kept it.</summary>
[MessagePackObject]
public sealed record WinBodyMessage
{
    /// <summary>32 hexadecimal digits.</summary>
    [Key(0)]
    public string? Id { get; init; }

    /// <summary>The request.</summary>
    [Key(1)]
    public string? RequestId { get; init; }

    /// <summary>The campaign that pays.</summary>
    [Key(2)]
    public long? CampaignId { get; init; }

    /// <summary>The ad.</summary>
    [Key(3)]
    public string? AdId { get; init; }

    /// <summary>The user; null for nobody.</summary>
    [Key(4)]
    public string? UserId { get; init; }

    /// <summary>The gateway that delivered it.</summary>
    [Key(5)]
    public int? Gateway { get; init; }

    /// <summary>The lease that it was won under.</summary>
    [Key(6)]
    public long? Lease { get; init; }

    /// <summary>When it was won.</summary>
    [Key(7)]
    public DateTimeOffset? AuctionAt { get; init; }

    /// <summary>Units of the currency.</summary>
    [Key(8)]
    public decimal? Price { get; init; }

    /// <summary>Whether a click is charged; else the impression.</summary>
    [Key(9)]
    public bool? IsPerClick { get; init; }

    /// <summary>Whether somebody else's auction decides on the price.</summary>
    [Key(10)]
    public bool? IsBidOnly { get; init; }

    /// <summary>The click model that the raw probability is of.</summary>
    [Key(11)]
    public uint? ClickModel { get; init; }

    /// <summary>The click probability before calibration.</summary>
    [Key(12)]
    public double? RawPCtr { get; init; }

    /// <summary>The click probability that was bid with.</summary>
    [Key(13)]
    public double? PCtr { get; init; }

    /// <summary>The conversion probability before calibration.</summary>
    [Key(14)]
    public double? RawPCvr { get; init; }

    /// <summary>The conversion probability that was bid with.</summary>
    [Key(15)]
    public double? PCvr { get; init; }

    /// <summary>Position in its slot.</summary>
    [Key(16)]
    public int? Position { get; init; }
}

/// <summary>Body of the answer to <c>POST /v1/events</c>: what became of each event, in their order.</summary>
/// <param name="Results">The results.</param>
[MessagePackObject]
public sealed record EventsAnswerMessage([property: Key(0)] EventResultMessage[] Results);

/// <summary>What became of an event. Money is in units of the currency.</summary>
/// <param name="Outcome">"applied", "duplicate", …, or "refused".</param>
/// <param name="Reason">Why it was refused; else null.</param>
/// <param name="Charged">What it cost.</param>
/// <param name="Free">The part of its price that no budget was left for.</param>
[MessagePackObject]
public sealed record EventResultMessage(
    [property: Key(0)] string Outcome,
    [property: Key(1)] string? Reason,
    [property: Key(2)] decimal Charged,
    [property: Key(3)] decimal Free);
