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

/// <summary>
/// One thing that happened to a delivered ad. Its id tells it apart, under its lease: a repetition may say another time or another price
/// and is a repetition all the same.
/// </summary>
/// <param name="Id">Unique to the event: 128 bits, so that ids can be drawn at random. A repetition carries the same id.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Lease">The lease under which the ad was won. Part of the event: its repetitions name the same.</param>
/// <param name="AuctionAt">When it was won, by the gateway's clock.</param>
/// <param name="Price">What this event costs: 0 for one that is not charged, at most <see cref="MaxPrice"/>.</param>
public readonly record struct FeedbackEvent(UInt128 Id, FeedbackKind Kind, long Lease, DateTimeOffset AuctionAt, Micros Price)
{
    /// <summary>The highest price: no auction charges more than the highest bid.</summary>
    public static readonly Micros MaxPrice = Auctions.AuctionBid.MaxBid;

    /// <exception cref="ArgumentOutOfRangeException">A field is not as its description says; the message names the event.</exception>
    internal void Check()
    {
        if (Price < Micros.Zero || Price > MaxPrice)
            throw new ArgumentOutOfRangeException(nameof(Price), Price.Value, $"Event {Id:x32}: a price is 0 to {MaxPrice} units.");
        if (!Enum.IsDefined(Kind))
            throw new ArgumentOutOfRangeException(nameof(Kind), Kind, $"Event {Id:x32}: there is no such kind of event.");
    }
}

/// <summary>What became of an event.</summary>
/// <param name="Outcome">Whether it was applied, or why not.</param>
/// <param name="Charged">What it cost.</param>
/// <param name="Free">The part of its price that no budget was left for: delivered free.</param>
public readonly record struct FeedbackResult(LedgerOutcome Outcome, Micros Charged = default, Micros Free = default);
