using RecallCluster.Bidding.Money;

namespace RecallCluster.Bidding.Auctions;

/// <summary>
/// One ad's bid for one request. It takes part when its bid is above zero and worth at least one micro-unit a thousand impressions. A bid
/// that makes no sense (negative, above <see cref="MaxBid"/>, a needed probability outside [0, 1] or not a number) never wins and is
/// counted as malformed: one broken prediction must not cost the request its other ads. Bid and predictions can be set, so that a host can
/// keep its bids in one buffer and renew only these for the next request.
/// </summary>
public record struct AuctionBid
{
    /// <summary>The highest bid: a billion units of the currency. Up to here no product in an auction can overflow.</summary>
    public static readonly Micros MaxBid = new(1_000_000_000 * Micros.PerUnit);

    /// <summary>The ad; of two equal eCPMs the smaller id ranks first.</summary>
    public required long AdId { get; init; }

    /// <summary>Whose it is.</summary>
    public required int AdvertiserId { get; init; }

    /// <summary>The ad's categories, shared by all bids of the ad; null for none.</summary>
    public int[]? Categories { get; init; }

    /// <summary>What the bid is for.</summary>
    public required PricingModel Pricing { get; init; }

    /// <summary>The bid, for a click, a thousand impressions, or a conversion.</summary>
    public required Micros Bid { get; set; }

    /// <summary>Calibrated pCTR in [0, 1]; not read for <see cref="PricingModel.Cpm"/>.</summary>
    public double ClickProbability { get; set; }

    /// <summary>Calibrated pCVR after a click in [0, 1]; read for the two optimised models only.</summary>
    public double ConversionProbability { get; set; }
}
