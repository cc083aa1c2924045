namespace RecallCluster.Bidding.Money;

/// <summary>What happened to an ad that was delivered.</summary>
public enum FeedbackKind
{
    /// <summary>It was shown.</summary>
    Impression,

    /// <summary>It was clicked.</summary>
    Click,

    /// <summary>The click led to what the advertiser wants.</summary>
    Conversion,
}

/// <summary>One thing that happened to a delivered ad.</summary>
/// <param name="Id">Unique to the event: 128 bits, so that ids can be drawn at random. A repetition carries the same id.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Lease">The lease under which the ad was won.</param>
/// <param name="AuctionAt">When it was won, by the gateway's clock.</param>
/// <param name="Price">What this event costs: 0 for one that is not charged.</param>
public readonly record struct FeedbackEvent(UInt128 Id, FeedbackKind Kind, long Lease, DateTimeOffset AuctionAt, Micros Price);

/// <summary>What became of an event.</summary>
/// <param name="Outcome">Whether it was applied, or why not.</param>
/// <param name="Charged">What it cost.</param>
/// <param name="Free">The part of its price that no budget was left for: delivered free.</param>
public readonly record struct FeedbackResult(LedgerOutcome Outcome, Micros Charged = default, Micros Free = default);
