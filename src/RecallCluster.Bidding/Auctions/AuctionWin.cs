using RecallCluster.Bidding.Money;

namespace RecallCluster.Bidding.Auctions;

/// <summary>A slot that was sold.</summary>
/// <param name="Bid">Place of the winner among the bids handed in.</param>
/// <param name="Ecpm">Its eCPM, by which it was ranked.</param>
/// <param name="Price">What it pays, for a click or for one impression.</param>
/// <param name="IsPerClick">Whether the price is for a click; else it is for the impression.</param>
public readonly record struct AuctionWin(int Bid, Micros Ecpm, Micros Price, bool IsPerClick);

/// <summary>How an auction went.</summary>
/// <param name="Sold">Slots sold; the first slots, best first.</param>
/// <param name="Malformed">Bids that made no sense and were left out.</param>
public readonly record struct AuctionOutcome(int Sold, int Malformed);
