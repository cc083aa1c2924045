using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// What a winner pays where it is not what the slot's auction said: under a deal, with a floor of its own or at first price. Such a price is
/// that of an auction with this bid alone and the floor that it has to beat, so that rounding and caps are the auction's own.
/// </summary>
internal sealed class SlotPricing
{
    private readonly SecondPriceAuction _second = new();
    private readonly FirstPriceAuction _first = new();

    /// <summary>The slot's own auction.</summary>
    public GeneralizedSecondPriceAuction Auction { get; } = new();

    /// <summary>What the bid pays to beat <paramref name="floor"/>, the price of a thousand impressions.</summary>
    public AuctionWin AtFloor(in AuctionBid bid, Micros floor) => Alone(_second, in bid, floor);

    /// <summary>What it pays at first price.</summary>
    public AuctionWin AtOwnPrice(in AuctionBid bid) => Alone(_first, in bid, Micros.Zero);

    private static AuctionWin Alone(IAuction auction, in AuctionBid bid, Micros floor)
    {
        Span<AuctionWin> win = stackalloc AuctionWin[1];
        return auction.Run(new AuctionRequest(1, floor), [bid], win).Sold == 1
            ? win[0]
            : throw new ArgumentException("The bid does not reach the floor.", nameof(bid));
    }
}
