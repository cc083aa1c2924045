using System.Runtime.CompilerServices;

namespace RecallCluster.Bidding.Auctions;

/// <summary>
/// Generalised second price (Edelman, Ostrovsky &amp; Schwarz, 2007): slot s goes to the s-th eCPM and costs what keeps that rank, the next
/// eCPM or the floor, turned back into a price for a click by the ad's own pCTR, or for an impression. Not truthful for more than one slot,
/// and not envy-free for arbitrary bids.
/// </summary>
public sealed class GeneralizedSecondPriceAuction : IAuction
{
    /// <inheritdoc/>
    [SkipLocalsInit]
    public AuctionOutcome Run(in AuctionRequest request, ReadOnlySpan<AuctionBid> bids, Span<AuctionWin> wins)
    {
        AuctionChecks.RequireRoom(in request, wins);
        Span<Ranking.Entry> memory = stackalloc Ranking.Entry[request.Slots + 1];
        Ranking ranking = Ranking.Of(in request, bids, memory);
        int sold = Math.Min(request.Slots, ranking.Count);
        for (int slot = 0; slot < sold; slot++)
        {
            ref readonly Ranking.Entry winner = ref ranking[slot];
            long next = slot + 1 < ranking.Count ? ranking[slot + 1].Offer.Ecpm : request.Floor.Value;
            wins[slot] = new AuctionWin(winner.Bid, new(winner.Offer.Ecpm), winner.Offer.PriceToKeep(next), winner.Offer.IsPerClick);
        }
        return new AuctionOutcome(sold, ranking.Malformed);
    }
}
