namespace RecallCluster.Bidding.Auctions;

/// <summary>
/// Second price for one slot (Vickrey, 1961): the highest eCPM wins and pays the second, or the floor. Truthful: an ad does best by bidding
/// what a click or an impression is worth to it. One pass, and nothing kept but the best two.
/// </summary>
public sealed class SecondPriceAuction : IAuction
{
    /// <inheritdoc/>
    public AuctionOutcome Run(in AuctionRequest request, ReadOnlySpan<AuctionBid> bids, Span<AuctionWin> wins)
    {
        AuctionChecks.RequireRoom(in request, wins);
        if (request.Slots != 1)
            throw new ArgumentException($"A second-price auction sells one slot; {request.Slots} were asked for.", nameof(request));
        bool oneAdEach = request.MaxAdsPerAdvertiser == 1;
        long least = Math.Max(1, request.Floor.Value), second = request.Floor.Value;
        Offer best = default;
        int winner = -1, malformed = 0;
        for (int i = 0; i < bids.Length; i++)
        {
            ref readonly AuctionBid bid = ref bids[i];
            if (!Offer.TryMake(in bid, out Offer offer))
            {
                malformed++;
                continue;
            }
            if (offer.Ecpm < least || offer.Ecpm < second || request.Blocks(in bid))
                continue;
            bool sameAdvertiser = oneAdEach && winner >= 0 && bids[winner].AdvertiserId == bid.AdvertiserId;
            bool leads = winner < 0 || offer.Ecpm > best.Ecpm || (offer.Ecpm == best.Ecpm && bid.AdId < bids[winner].AdId);
            if (!leads)
            {
                if (!sameAdvertiser)
                    second = offer.Ecpm;
                continue;
            }
            if (winner >= 0 && !sameAdvertiser)
                second = best.Ecpm;
            best = offer;
            winner = i;
        }
        if (winner >= 0)
            wins[0] = new AuctionWin(winner, new(best.Ecpm), best.PriceToKeep(second), best.IsPerClick);
        return new AuctionOutcome(winner < 0 ? 0 : 1, malformed);
    }
}
