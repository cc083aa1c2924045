using MessagePack;

namespace RecallCluster.Wire.Http;

/// <summary>Body of the answer to <c>POST /v1/ads</c>. Money is in units of the currency, times in milliseconds.</summary>
[MessagePackObject]
public sealed record AdsAnswerMessage
{
    /// <summary>Id of the request.</summary>
    [Key(0)]
    public required string RequestId { get; init; }

    /// <summary>What was sold.</summary>
    [Key(1)]
    public required PlacedAdMessage[] Ads { get; init; }

    /// <summary>Why there is no ad; null when there is one.</summary>
    [Key(2)]
    public string? NoAd { get; init; }

    /// <summary>Version of model and indexes.</summary>
    [Key(3)]
    public required string Version { get; init; }

    /// <summary>Version of the bid book.</summary>
    [Key(4)]
    public long BookVersion { get; init; }

    /// <summary>Share of all ads that stand on shards that answered.</summary>
    [Key(5)]
    public double Coverage { get; init; }

    /// <summary>Distinct ads scored.</summary>
    [Key(6)]
    public long Scorings { get; init; }

    /// <summary>Limits that ended the search: "scorings", "deadline".</summary>
    [Key(7)]
    public required string[] Limits { get; init; }

    /// <summary>How the user was understood.</summary>
    [Key(8)]
    public required UserReadingMessage User { get; init; }

    /// <summary>Shards that did not answer.</summary>
    [Key(9)]
    public required ShardFailureMessage[] Failures { get; init; }

    /// <summary>User, search, rank, bid, auction, total.</summary>
    [Key(10)]
    public required double[] TimingsMs { get; init; }

    /// <summary>How candidates came to their places; null unless it was asked for.</summary>
    [Key(11)]
    public ExplainedAdMessage[]? Explanation { get; init; }
}

/// <summary>An ad in a slot.</summary>
[MessagePackObject]
public sealed record PlacedAdMessage
{
    /// <summary>The slot.</summary>
    [Key(0)]
    public required string SlotId { get; init; }

    /// <summary>Position in the slot, 0 first.</summary>
    [Key(1)]
    public int Position { get; init; }

    /// <summary>The ad.</summary>
    [Key(2)]
    public required string AdId { get; init; }

    /// <summary>The campaign that pays.</summary>
    [Key(3)]
    public long CampaignId { get; init; }

    /// <summary>Domain of its advertiser.</summary>
    [Key(4)]
    public required string AdvertiserDomain { get; init; }

    /// <summary>Categories of its content.</summary>
    [Key(5)]
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>What to show.</summary>
    [Key(6)]
    public required CreativeMessage Creative { get; init; }

    /// <summary>Where a click leads.</summary>
    [Key(7)]
    public required string LandingPage { get; init; }

    /// <summary>What it bid for a thousand impressions.</summary>
    [Key(8)]
    public decimal Ecpm { get; init; }

    /// <summary>What it pays, for what <see cref="Charged"/> says.</summary>
    [Key(9)]
    public decimal Price { get; init; }

    /// <summary>"click" or "impression".</summary>
    [Key(10)]
    public required string Charged { get; init; }

    /// <summary>The click probability before calibration.</summary>
    [Key(11)]
    public double RawPCtr { get; init; }

    /// <summary>The click probability that it was bid with.</summary>
    [Key(12)]
    public double PCtr { get; init; }

    /// <summary>The conversion probability of a click that it was bid with; 0 for none.</summary>
    [Key(13)]
    public double PCvr { get; init; }

    /// <summary>The deal; null for none.</summary>
    [Key(14)]
    public string? DealId { get; init; }

    /// <summary>Where its events go; null in a trial.</summary>
    [Key(15)]
    public TrackingMessage? Tracking { get; init; }
}

/// <summary>What to show.</summary>
[MessagePackObject]
public sealed record CreativeMessage
{
    /// <summary>"banner", "native" or "video".</summary>
    [Key(0)]
    public required string Kind { get; init; }

    /// <summary>Pixels; 0 where the page decides.</summary>
    [Key(1)]
    public int Width { get; init; }

    /// <summary>Pixels; 0 where the page decides.</summary>
    [Key(2)]
    public int Height { get; init; }

    /// <summary>Address of the picture or film.</summary>
    [Key(3)]
    public required string Media { get; init; }

    /// <summary>Media type.</summary>
    [Key(4)]
    public required string MediaType { get; init; }

    /// <summary>Title.</summary>
    [Key(5)]
    public string? Title { get; init; }

    /// <summary>Text.</summary>
    [Key(6)]
    public string? Text { get; init; }

    /// <summary>Playing time of a film, milliseconds.</summary>
    [Key(7)]
    public double? DurationMs { get; init; }
}

/// <summary>Where the events of an ad go; a GET each.</summary>
/// <param name="Impression">It was shown.</param>
/// <param name="Click">It was clicked.</param>
/// <param name="Conversion">The click led to a conversion.</param>
[MessagePackObject]
public sealed record TrackingMessage(
    [property: Key(0)] string Impression, [property: Key(1)] string Click, [property: Key(2)] string Conversion);

/// <summary>How the user's features were understood.</summary>
/// <param name="Known">Whether the user is known.</param>
/// <param name="SequenceLength">Items of the sequence that were used.</param>
/// <param name="UnknownSequenceItems">Items that are no ads.</param>
/// <param name="DroppedSequenceItems">Items beyond the model's length.</param>
[MessagePackObject]
public sealed record UserReadingMessage(
    [property: Key(0)] bool Known,
    [property: Key(1)] int SequenceLength,
    [property: Key(2)] int UnknownSequenceItems,
    [property: Key(3)] int DroppedSequenceItems);

/// <summary>A shard that did not answer.</summary>
/// <param name="Shard">Its number.</param>
/// <param name="Reason">Why.</param>
[MessagePackObject]
public sealed record ShardFailureMessage([property: Key(0)] int Shard, [property: Key(1)] string Reason);

/// <summary>How one candidate came to its place.</summary>
[MessagePackObject]
public sealed record ExplainedAdMessage
{
    /// <summary>The ad.</summary>
    [Key(0)]
    public required string AdId { get; init; }

    /// <summary>Its campaign.</summary>
    [Key(1)]
    public long CampaignId { get; init; }

    /// <summary>The model's logit.</summary>
    [Key(2)]
    public float Score { get; init; }

    /// <summary>The click probability before calibration.</summary>
    [Key(3)]
    public double RawPCtr { get; init; }

    /// <summary>The click probability that was bid with.</summary>
    [Key(4)]
    public double PCtr { get; init; }

    /// <summary>The conversion probability that was bid with.</summary>
    [Key(5)]
    public double PCvr { get; init; }

    /// <summary>Terms of the bid, by name.</summary>
    [Key(6)]
    public required IReadOnlyDictionary<string, double> BidTerms { get; init; }

    /// <summary>What it bid for a thousand impressions.</summary>
    [Key(7)]
    public decimal Ecpm { get; init; }

    /// <summary>What became of it.</summary>
    [Key(8)]
    public required string Fate { get; init; }
}
