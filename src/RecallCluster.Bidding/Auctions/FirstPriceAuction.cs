using System.Runtime.CompilerServices;

namespace RecallCluster.Bidding.Auctions;

/// <summary>
/// First price: the same ranking, and every winner pays its bid (for an optimised bid, what the click or impression was worth to it).
/// </summary>
public sealed class FirstPriceAuction : IAuction
{
    /// <inheritdoc/>
    [SkipLocalsInit]
    public AuctionOutcome Run(in AuctionRequest request, ReadOnlySpan<AuctionBid> bids, Span<AuctionWin> wins)
    {
        AuctionChecks.RequireRoom(in request, wins);
        Span<Ranking.Entry> memory = stackalloc Ranking.Entry[request.Slots];
        Ranking ranking = Ranking.Of(in request, bids, memory);
        for (int slot = 0; slot < ranking.Count; slot++)
        {
            ref readonly Ranking.Entry winner = ref ranking[slot];
            wins[slot] = new AuctionWin(winner.Bid, new(winner.Offer.Ecpm), winner.Offer.Own, winner.Offer.IsPerClick);
        }
        return new AuctionOutcome(ranking.Count, ranking.Malformed);
    }
}
