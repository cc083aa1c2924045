using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Serving;

/// <summary>The answer to an <see cref="AdRequest"/>.</summary>
public sealed record AdAnswer
{
    /// <summary>Id of the request.</summary>
    public required string RequestId { get; init; }

    /// <summary>What was sold, slot by slot in the request's order, best position first; unsold positions are not there.</summary>
    public required IReadOnlyList<PlacedAd> Ads { get; init; }

    /// <summary>Why there is no ad at all; <see cref="NoAdReason.None"/> when there is one.</summary>
    public required NoAdReason NoAd { get; init; }

    /// <summary>Version of model and indexes that answered.</summary>
    public required string Version { get; init; }

    /// <summary>Version of the bid book: campaigns' parameters and calibration maps.</summary>
    public required long BookVersion { get; init; }

    /// <summary>Share of all ads that stand on shards that answered, in [0, 1]; below 1 the answer is partial.</summary>
    public required double Coverage { get; init; }

    /// <summary>Distinct ads scored, over all shards.</summary>
    public required long Scorings { get; init; }

    /// <summary>Why a shard stopped before its search was through.</summary>
    public required SearchLimits Limits { get; init; }

    /// <summary>How the user's features were understood.</summary>
    public required UserReading User { get; init; }

    /// <summary>The shards that did not answer.</summary>
    public required IReadOnlyList<ShardFailure> Failures { get; init; }

    /// <summary>Where the time went.</summary>
    public required LoopTimings Timings { get; init; }

    /// <summary>Why the ads are there; null unless asked for.</summary>
    public Explanation? Explanation { get; init; }
}

/// <summary>An ad in a slot, with its price.</summary>
public sealed record PlacedAd
{
    /// <summary>The slot's id.</summary>
    public required string SlotId { get; init; }

    /// <summary>Position in the slot, 0 first.</summary>
    public required int Position { get; init; }

    /// <summary>The ad.</summary>
    public required Ad Ad { get; init; }

    /// <summary>Domain of its advertiser.</summary>
    public required string AdvertiserDomain { get; init; }

    /// <summary>What it bid, as the price of a thousand impressions.</summary>
    public required Micros Ecpm { get; init; }

    /// <summary>
    /// What it pays, for a click or for an impression (<see cref="Feedback.Win.IsPerClick"/>). In somebody else's auction: our bid for one
    /// impression, which is the most it can cost.
    /// </summary>
    public Micros Price => Win.Price;

    /// <summary>The win, which feedback refers to and tracking tokens carry.</summary>
    public required Win Win { get; init; }

    /// <summary>From the auction to the last impression that the campaign takes; what comes later is not charged.</summary>
    public TimeSpan EventWindow { get; init; } = TimeSpan.MaxValue;

    /// <summary>The deal under which it was bought; null for none.</summary>
    public string? DealId { get; init; }
}

/// <summary>Why a request got no ad.</summary>
public enum NoAdReason
{
    /// <summary>It got one.</summary>
    None,

    /// <summary>No shard answered.</summary>
    NoShardAnswered,

    /// <summary>No ad found was eligible: formats, blocks, targeting, caps.</summary>
    NothingEligible,

    /// <summary>No campaign had budget to spend now.</summary>
    NoBudget,

    /// <summary>No bid reached the floor.</summary>
    BelowFloor,

    /// <summary>The deadline passed before there was an answer.</summary>
    Deadline,
}

/// <summary>Where a request's time went.</summary>
/// <param name="User">Looking up the user and preparing its state.</param>
/// <param name="Search">Until the last shard answered, or the deadline came.</param>
/// <param name="Rank">Merging, and the ranker where there is one.</param>
/// <param name="Bid">Calibration, bids, eligibility.</param>
/// <param name="Auction">Auctions and reserves.</param>
public readonly record struct LoopTimings(TimeSpan User, TimeSpan Search, TimeSpan Rank, TimeSpan Bid, TimeSpan Auction)
{
    /// <summary>All of it.</summary>
    public TimeSpan Total => User + Search + Rank + Bid + Auction;
}

/// <summary>Why the ads are there.</summary>
/// <param name="Candidates">What the shards returned, best first, each with its fate.</param>
public sealed record Explanation(IReadOnlyList<ExplainedAd> Candidates);

/// <summary>How one candidate came to its place.</summary>
/// <param name="AdId">The ad.</param>
/// <param name="CampaignId">Its campaign.</param>
/// <param name="Score">The model's logit of interest.</param>
/// <param name="RawClickProbability">Before calibration.</param>
/// <param name="ClickProbability">After it.</param>
/// <param name="ConversionProbability">Of a click, calibrated.</param>
/// <param name="BidTerms">The terms of the bid per impression, by name, in units of the currency: value, each KPI, cap.</param>
/// <param name="Ecpm">The bid as the price of a thousand impressions.</param>
/// <param name="Fate">What became of it: "won slot/position at price", or the filter that removed it.</param>
public sealed record ExplainedAd(
    string AdId, long CampaignId, float Score, double RawClickProbability, double ClickProbability, double ConversionProbability,
    IReadOnlyDictionary<string, double> BidTerms, Micros Ecpm, string Fate);
