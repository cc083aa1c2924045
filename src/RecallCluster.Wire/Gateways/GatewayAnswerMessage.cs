using MessagePack;
using RecallCluster.Wire.Events;
using RecallCluster.Wire.Http;

namespace RecallCluster.Wire.Gateways;

/// <summary>What a gateway says to a request: an answer, or why there is none.</summary>
[MessagePackObject]
public sealed record GatewayReply
{
    /// <summary>The answer; null where there is none.</summary>
    [Key(0)]
    public GatewayAnswerMessage? Answer { get; init; }

    /// <summary>The field that makes no sense; null for none.</summary>
    [Key(1)]
    public string? RefusedField { get; init; }

    /// <summary>What is wrong with it.</summary>
    [Key(2)]
    public string? Refusal { get; init; }
}

/// <summary>What was sold, with all that a door needs to answer whoever asked it.</summary>
[MessagePackObject]
public sealed record GatewayAnswerMessage
{
    /// <summary>Id of the request.</summary>
    [Key(0)]
    public required string RequestId { get; init; }

    /// <summary>What was sold.</summary>
    [Key(1)]
    public required SoldAdMessage[] Ads { get; init; }

    /// <summary>Why there is no ad; 0 when there is one.</summary>
    [Key(2)]
    public int NoAd { get; init; }

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

    /// <summary>Limits that ended the search: bits 1 scorings, 2 deadline.</summary>
    [Key(7)]
    public int Limits { get; init; }

    /// <summary>How the user was understood.</summary>
    [Key(8)]
    public required UserReadingMessage User { get; init; }

    /// <summary>Shards that did not answer.</summary>
    [Key(9)]
    public required ShardFailureMessage[] Failures { get; init; }

    /// <summary>User, search, rank, bid, auction, in ticks of 100 ns.</summary>
    [Key(10)]
    public required long[] Timings { get; init; }

    /// <summary>How candidates came to their places; null unless it was asked for.</summary>
    [Key(11)]
    public ReasonedAdMessage[]? Explanation { get; init; }
}

/// <summary>An ad in a slot.</summary>
[MessagePackObject]
public sealed record SoldAdMessage
{
    /// <summary>The slot.</summary>
    [Key(0)]
    public required string SlotId { get; init; }

    /// <summary>Position in the slot, 0 first.</summary>
    [Key(1)]
    public int Position { get; init; }

    /// <summary>What is shown.</summary>
    [Key(2)]
    public required CreativeMessage Creative { get; init; }

    /// <summary>Where a click leads.</summary>
    [Key(3)]
    public required string LandingPage { get; init; }

    /// <summary>Categories of its content.</summary>
    [Key(4)]
    public required string[] Categories { get; init; }

    /// <summary>Domain of its advertiser.</summary>
    [Key(5)]
    public required string AdvertiserDomain { get; init; }

    /// <summary>What it bid for a thousand impressions, in micro-units of the currency.</summary>
    [Key(6)]
    public long Ecpm { get; init; }

    /// <summary>The win; ad and campaign stand in it.</summary>
    [Key(7)]
    public required WinMessage Win { get; init; }

    /// <summary>How long its events are taken, in ticks of 100 ns.</summary>
    [Key(8)]
    public long EventWindow { get; init; }

    /// <summary>The deal; null for none.</summary>
    [Key(9)]
    public string? DealId { get; init; }
}

/// <summary>How one candidate came to its place.</summary>
[MessagePackObject]
public sealed record ReasonedAdMessage
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

    /// <summary>Raw and calibrated click probability, calibrated conversion probability.</summary>
    [Key(3)]
    public required double[] Probabilities { get; init; }

    /// <summary>The terms of the bid, by name.</summary>
    [Key(4)]
    public required Dictionary<string, double> BidTerms { get; init; }

    /// <summary>What it bid for a thousand impressions, in micro-units of the currency.</summary>
    [Key(5)]
    public long Ecpm { get; init; }

    /// <summary>What became of it.</summary>
    [Key(6)]
    public required string Fate { get; init; }
}

/// <summary>What a gateway says to a request for candidates: an answer, or why there is none.</summary>
[MessagePackObject]
public sealed record CandidatesReply
{
    /// <summary>The answer; null where there is none.</summary>
    [Key(0)]
    public CandidatesAnswerMessage? Answer { get; init; }

    /// <summary>The field that makes no sense; null for none.</summary>
    [Key(1)]
    public string? RefusedField { get; init; }

    /// <summary>What is wrong with it.</summary>
    [Key(2)]
    public string? Refusal { get; init; }
}

/// <summary>How a gateway stands.</summary>
/// <param name="IsOpen">Whether it answers requests.</param>
/// <param name="Version">Version of model and indexes; null before there is one.</param>
/// <param name="Shards">Shards.</param>
/// <param name="Ads">Ads.</param>
[MessagePackObject]
public sealed record GatewayStatusMessage(
    [property: Key(0)] bool IsOpen,
    [property: Key(1)] string? Version,
    [property: Key(2)] int Shards,
    [property: Key(3)] long Ads);
