namespace RecallCluster.Bidding.Auctions;

/// <summary>
/// Sells the slots of one request. Holds no state, allocates nothing, and gives equal answers to equal bids in any order (unless one ad
/// bids twice: then the first of two equal bids ranks first).
/// <code>
///  bids ──► blocked? malformed? ──► eCPM ──► floor ──► ranking (eCPM, then ad id; n ads an advertiser) ──► prices ──► wins
/// </code>
/// </summary>
public interface IAuction
{
    /// <summary>Ranks the bids and prices the slots.</summary>
    /// <param name="request">What is on sale.</param>
    /// <param name="bids">All bids.</param>
    /// <param name="wins">Receives the slots sold, best first; at least as long as the request has slots.</param>
    /// <exception cref="ArgumentException">
    /// <paramref name="wins"/> is too short, or this kind of auction cannot sell so many slots.
    /// </exception>
    AuctionOutcome Run(in AuctionRequest request, ReadOnlySpan<AuctionBid> bids, Span<AuctionWin> wins);
}
