using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Bidding.Tests.Auctions;

public class AuctionTests
{
    private static readonly GeneralizedSecondPriceAuction Gsp = new();
    private static readonly SecondPriceAuction Spa = new();
    private static readonly FirstPriceAuction First = new();

    private static Micros Units(decimal units) => Micros.FromUnits(units);

    private static AuctionBid Cpc(long ad, decimal bid, double pctr, int advertiser = -1) => new()
    {
        AdId = ad,
        AdvertiserId = advertiser < 0 ? (int)ad : advertiser,
        Pricing = PricingModel.Cpc,
        Bid = Units(bid),
        ClickProbability = pctr,
    };

    private static AuctionBid Cpm(long ad, decimal bid, int advertiser = -1) => new()
    {
        AdId = ad,
        AdvertiserId = advertiser < 0 ? (int)ad : advertiser,
        Pricing = PricingModel.Cpm,
        Bid = Units(bid),
    };

    private static AuctionWin[] Run(IAuction auction, AuctionRequest request, params AuctionBid[] bids)
    {
        var wins = new AuctionWin[request.Slots];
        return wins[..auction.Run(in request, bids, wins).Sold];
    }

    [Fact]
    public void An_over_estimate_by_30_percent_wins_an_auction_that_it_should_lose()
    {
        AuctionBid first = Cpc(1, 1, 0.012), second = Cpc(2, 1, 0.011);

        AuctionWin honest = Run(Gsp, new AuctionRequest(1), first, second, Cpc(3, 1, 0.010))[0];
        AuctionWin estimated = Run(Gsp, new AuctionRequest(1), first, second, Cpc(3, 1, 0.013))[0];

        Assert.Equal((0, Units(12)), (honest.Bid, honest.Ecpm));
        Assert.Equal((2, Units(13)), (estimated.Bid, estimated.Ecpm));
        Assert.True(estimated.Price.Value * 0.010 < honest.Price.Value * 0.012, "The platform earns less by the ad that should have lost.");
    }

    [Fact]
    public void One_point_of_over_estimate_costs_a_CPM_rival_12_instead_of_11()
    {
        AuctionWin honest = Run(Gsp, new AuctionRequest(1), Cpm(1, 13), Cpc(2, 1, 0.011), Cpm(3, 9), Cpc(4, 1, 0.008))[0];
        AuctionWin estimated = Run(Gsp, new AuctionRequest(1), Cpm(1, 13), Cpc(2, 1, 0.012), Cpm(3, 9), Cpc(4, 1, 0.008))[0];

        Assert.Equal((0, Units(11m / 1000)), (honest.Bid, honest.Price));
        Assert.Equal((0, Units(12m / 1000)), (estimated.Bid, estimated.Price));
    }

    [Fact]
    public void Four_pricing_models_are_ranked_by_what_a_thousand_impressions_are_worth()
    {
        AuctionBid ocpc = Cpc(3, 50, 0.02) with { Pricing = PricingModel.OptimizedCpc, ConversionProbability = 0.03 };
        AuctionBid ocpm = ocpc with { AdId = 4, AdvertiserId = 4, Pricing = PricingModel.OptimizedCpm, ConversionProbability = 0.025 };

        AuctionWin[] wins = Run(Gsp, new AuctionRequest(4, Units(5)), Cpc(1, 1, 0.02), Cpm(2, 22), ocpc, ocpm);

        Assert.Equal([2, 3, 1, 0], wins.Select(win => win.Bid));
        Assert.Equal([Units(30), Units(25), Units(22), Units(20)], wins.Select(win => win.Ecpm));
        Assert.Equal([true, false, false, true], wins.Select(win => win.IsPerClick));
        Assert.Equal([Units(1.25m), Units(0.022m), Units(0.02m), Units(0.25m)], wins.Select(win => win.Price));
        Assert.Equal(
            [Units(1.5m), Units(0.025m), Units(0.022m), Units(1)],
            Run(First, new AuctionRequest(4), Cpc(1, 1, 0.02), Cpm(2, 22), ocpc, ocpm).Select(win => win.Price));
    }

    [Fact]
    public void A_price_is_rounded_up_and_capped_by_the_bid()
    {
        Assert.Equal(new Micros(333_334), Run(Gsp, new AuctionRequest(1), Cpc(1, 2, 0.03), Cpm(2, 10))[0].Price);
        AuctionBid thousandth = Cpm(1, 1) with { Bid = new Micros(1_999) };
        AuctionBid other = Cpm(2, 1) with { Bid = new Micros(1_001) };
        Assert.Equal(new Micros(1), Run(Gsp, new AuctionRequest(1), thousandth, other)[0].Price);
        Assert.Equal(
            new Micros(0),
            Run(Gsp, new AuctionRequest(1), thousandth with { Bid = new Micros(999) }, other with { Bid = new Micros(998) })[0].Price);
    }

    [Fact]
    public void Without_floor_and_rival_an_ad_is_shown_for_nothing_and_with_a_floor_for_the_floor()
    {
        foreach (IAuction auction in new IAuction[] { Gsp, Spa })
        {
            Assert.Equal(Micros.Zero, Run(auction, new AuctionRequest(1), Cpc(1, 1, 0.01))[0].Price);
            Assert.Equal(Units(0.5m), Run(auction, new AuctionRequest(1, Units(5)), Cpc(1, 1, 0.01))[0].Price);
            Assert.Equal(Units(1), Run(auction, new AuctionRequest(1, Units(10)), Cpc(1, 1, 0.01))[0].Price);
            Assert.Empty(Run(auction, new AuctionRequest(1, Units(10.000001m)), Cpc(1, 1, 0.01)));
        }
    }

    [Fact]
    public void Of_equal_offers_the_smaller_ad_id_wins_whatever_the_order()
    {
        AuctionBid[] bids = [Cpm(9, 10), Cpc(4, 1, 0.01), Cpm(7, 10), Cpc(5, 0.5m, 0.02)];
        AuctionBid[] reversed = [.. bids.Reverse()];
        Assert.Equal([4L, 5, 7, 9], Run(Gsp, new AuctionRequest(4), bids).Select(win => bids[win.Bid].AdId));
        Assert.Equal([4L, 5, 7, 9], Run(Gsp, new AuctionRequest(4), reversed).Select(win => reversed[win.Bid].AdId));
        Assert.Equal(4, bids[Run(Spa, new AuctionRequest(1), bids)[0].Bid].AdId);
        Assert.Equal(4, reversed[Run(Spa, new AuctionRequest(1), reversed)[0].Bid].AdId);
    }

    [Fact]
    public void Blocked_categories_and_advertisers_neither_win_nor_set_prices()
    {
        AuctionBid[] bids = [Cpm(1, 30) with { Categories = [3, 26] }, Cpm(2, 20), Cpm(3, 10) with { Categories = [5] }, Cpm(4, 5)];
        var request = new AuctionRequest(1) { BlockedCategories = [26, 99], BlockedAdvertisers = [2] };
        foreach (IAuction auction in new IAuction[] { Gsp, Spa })
            Assert.Equal((2, Units(0.005m)), Run(auction, request, bids) is [var win] ? (win.Bid, win.Price) : default);
    }

    [Fact]
    public void An_advertiser_gets_at_most_n_ads_and_the_others_do_not_set_prices()
    {
        AuctionBid[] bids = [Cpm(1, 30, 7), Cpm(2, 29, 7), Cpm(3, 28, 7), Cpm(4, 10, 8), Cpm(5, 9, 8), Cpm(6, 1, 9)];
        Assert.Equal([0, 3, 5], Run(Gsp, new AuctionRequest(4, maxAdsPerAdvertiser: 1), bids).Select(win => win.Bid));
        Assert.Equal([0, 1, 3, 4], Run(Gsp, new AuctionRequest(4, maxAdsPerAdvertiser: 2), bids).Select(win => win.Bid));
        Assert.Equal(Units(0.01m), Run(Gsp, new AuctionRequest(1, maxAdsPerAdvertiser: 1), bids)[0].Price);
        Assert.Equal(Units(0.01m), Run(Spa, new AuctionRequest(1, maxAdsPerAdvertiser: 1), bids)[0].Price);
        Assert.Equal(Units(0.029m), Run(Spa, new AuctionRequest(1, maxAdsPerAdvertiser: 2), bids)[0].Price);
    }

    [Theory]
    [InlineData(double.NaN, 1_000_000)]
    [InlineData(-0.1, 1_000_000)]
    [InlineData(1.1, 1_000_000)]
    [InlineData(double.PositiveInfinity, 1_000_000)]
    [InlineData(0.01, -1)]
    [InlineData(0.01, long.MinValue)]
    [InlineData(0.01, long.MaxValue)]
    public void A_bid_that_makes_no_sense_is_left_out_and_counted(double pctr, long bid)
    {
        AuctionBid broken = Cpc(1, 1, pctr) with { Bid = new Micros(bid) };
        foreach (IAuction auction in new IAuction[] { Gsp, Spa, First })
        {
            var wins = new AuctionWin[1];
            Assert.Equal(new AuctionOutcome(1, 1), auction.Run(new AuctionRequest(1), [broken, Cpm(2, 1)], wins));
            Assert.Equal(1, wins[0].Bid);
            AuctionBid brokenLater =
                Cpc(1, 1, 0.5) with { Pricing = PricingModel.OptimizedCpc, Bid = new Micros(bid), ConversionProbability = pctr };
            Assert.Equal(new AuctionOutcome(1, 1), auction.Run(new AuctionRequest(1), [brokenLater, Cpm(2, 1)], wins));
        }
    }

    [Fact]
    public void A_bid_or_a_probability_of_zero_is_no_error_and_never_wins()
    {
        foreach (IAuction auction in new IAuction[] { Gsp, Spa, First })
            Assert.Equal(
                new AuctionOutcome(0, 0), auction.Run(new AuctionRequest(1), [Cpc(1, 1, 0), Cpc(2, 0, 0.5), Cpm(3, 0)], new AuctionWin[1]));
    }

    [Fact]
    public void The_highest_bids_do_not_overflow()
    {
        AuctionBid highest = Cpc(1, 1, 1) with { Bid = AuctionBid.MaxBid };
        AuctionBid rare = Cpc(2, 1, 1e-12) with { Bid = AuctionBid.MaxBid };
        AuctionWin[] wins = Run(Gsp, new AuctionRequest(2), rare, highest, highest with { AdId = 3 });
        Assert.Equal([1, 2], wins.Select(win => win.Bid));
        Assert.Equal([AuctionBid.MaxBid, new Micros(1000)], wins.Select(win => win.Price));
        Assert.Equal(1_000_000, Run(Gsp, new AuctionRequest(1), rare)[0].Ecpm.Value);
    }

    [Fact]
    public void A_request_that_makes_no_sense_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(Gsp, new AuctionRequest(0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(Gsp, new AuctionRequest(AuctionRequest.MaxSlots + 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(Gsp, new AuctionRequest(1, new Micros(-1))));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(Gsp, new AuctionRequest(1, maxAdsPerAdvertiser: 0)));
        Assert.Throws<ArgumentException>(() => Gsp.Run(default, [], new AuctionWin[1]));
        Assert.Throws<ArgumentException>(() => Gsp.Run(new AuctionRequest(2), [], new AuctionWin[1]));
        Assert.Throws<ArgumentException>(() => Spa.Run(new AuctionRequest(2), [], new AuctionWin[2]));
        Assert.Empty(Run(Gsp, new AuctionRequest(1)));
    }
}
