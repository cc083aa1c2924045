using FsCheck;
using FsCheck.Fluent;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Auctions;

public class AuctionPropertyTests
{
    private static readonly GeneralizedSecondPriceAuction Gsp = new();
    private static readonly SecondPriceAuction Spa = new();
    private static readonly FirstPriceAuction First = new();

    private sealed record Case(AuctionBid[] Bids, int Slots, Micros Floor, int MaxAds, int[] Blocked)
    {
        public AuctionRequest Request => new(Slots, Floor, MaxAds) { BlockedAdvertisers = Blocked };

        public AuctionWin[] Run(IAuction auction, AuctionBid[]? bids = null)
        {
            var wins = new AuctionWin[Slots];
            return wins[..auction.Run(Request, bids ?? Bids, wins).Sold];
        }
    }

    // Few different amounts and probabilities, so that ties are common.
    private static Case Draw(int seed)
    {
        var random = new SeededRandom((ulong)seed);
        bool coarse = random.NextInt(2) == 0;
        var bids = new AuctionBid[random.NextInt(12)];
        for (int i = 0; i < bids.Length; i++)
        {
            bids[i] = new AuctionBid
            {
                AdId = i,
                AdvertiserId = random.NextInt(4),
                Pricing = (PricingModel)random.NextInt(4),
                Bid = new Micros(coarse ? random.NextInt(4) * 1_000_000 : random.NextInt(int.MaxValue)),
                ClickProbability = coarse ? random.NextInt(4) / 100.0 : random.NextDouble(),
                ConversionProbability = coarse ? 0.5 : random.NextDouble(),
            };
        }
        random.Shuffle(bids.AsSpan());
        return new Case(
            bids, 1 + random.NextInt(5), new Micros(random.NextInt(3) * 5_000_000), 1 + random.NextInt(3),
            random.NextInt(3) == 0 ? [random.NextInt(4)] : []);
    }

    private static void ForAllCases(Action<Case> check) =>
        Prop.ForAll<int>(seed => check(Draw(seed))).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    // The ranking by its definition: sort, then drop an advertiser's ads beyond the n-th.
    private static List<int> Ranking(Case c)
    {
        var ads = new Dictionary<int, int>();
        return
        [
            .. Enumerable.Range(0, c.Bids.Length)
                .Where(i => Ecpm(c.Bids[i]) is var ecpm && ecpm >= 1 && ecpm >= c.Floor.Value
                    && !c.Blocked.Contains(c.Bids[i].AdvertiserId))
                .OrderByDescending(i => Ecpm(c.Bids[i])).ThenBy(i => c.Bids[i].AdId)
                .Where(i => (ads[c.Bids[i].AdvertiserId] = ads.GetValueOrDefault(c.Bids[i].AdvertiserId) + 1) <= c.MaxAds),
        ];
    }

    // By decimals, a way of its own to the same whole numbers.
    private static long Ecpm(in AuctionBid bid)
    {
        decimal click = Math.Round((decimal)bid.ClickProbability, 12), conversion = Math.Round((decimal)bid.ConversionProbability, 12);
        decimal perClick = bid.Pricing == PricingModel.Cpc ? bid.Bid.Value : decimal.Floor(bid.Bid.Value * conversion);
        return (long)(bid.Pricing == PricingModel.Cpm ? bid.Bid.Value : decimal.Floor(perClick * click * 1000));
    }

    private static Micros OwnPrice(in AuctionBid bid)
    {
        var wins = new AuctionWin[1];
        First.Run(new AuctionRequest(1), [bid], wins);
        return wins[0].Price;
    }

    [Fact]
    public void The_ranking_is_that_of_the_definition() => ForAllCases(c =>
    {
        List<int> ranking = Ranking(c);
        foreach (IAuction auction in new IAuction[] { Gsp, First })
        {
            AuctionWin[] wins = c.Run(auction);
            Assert.Equal(ranking.Take(c.Slots), wins.Select(win => win.Bid));
            Assert.All(wins, win => Assert.InRange(win.Ecpm.Value - Ecpm(c.Bids[win.Bid]), -1, 1));
        }
    });

    [Fact]
    public void No_price_is_above_the_bid_and_every_price_keeps_the_rank() => ForAllCases(c =>
    {
        List<int> ranking = Ranking(c);
        AuctionWin[] wins = c.Run(Gsp);
        for (int slot = 0; slot < wins.Length; slot++)
        {
            AuctionWin win = wins[slot];
            Micros own = OwnPrice(c.Bids[win.Bid]);
            Assert.InRange(win.Price.Value, 0, own.Value);
            long next = slot + 1 < ranking.Count ? Ecpm(c.Bids[ranking[slot + 1]]) : c.Floor.Value;
            if (win.IsPerClick)
            {
                AuctionBid atPrice = c.Bids[win.Bid] with { Pricing = PricingModel.Cpc, Bid = win.Price };
                Assert.True(Ecpm(atPrice) >= next, "The price no longer keeps the rank.");
                Assert.True(
                    win.Price.Value <= 1 || Ecpm(atPrice with { Bid = win.Price - new Micros(1) }) < next,
                    "A smaller price would have kept the rank.");
            }
            else
            {
                Assert.Equal(Math.Min((next + 999) / 1000, own.Value), win.Price.Value);
            }
        }
    });

    [Fact]
    public void One_slot_is_a_second_price_auction() => ForAllCases(c =>
    {
        Case one = c with { Slots = 1 };
        Assert.Equal(one.Run(Gsp), one.Run(Spa));
    });

    [Fact]
    public void The_order_of_the_bids_does_not_matter() => ForAllCases(c =>
    {
        AuctionBid[] reversed = [.. c.Bids.Reverse()];
        (long, Micros)[] Ads(AuctionBid[] bids) => [.. c.Run(Gsp, bids).Select(win => (bids[win.Bid].AdId, win.Price))];
        Assert.Equal(Ads(c.Bids), Ads(reversed));
    });

    [Fact]
    public void A_higher_bid_never_gets_a_worse_slot_and_in_the_same_slot_costs_the_same() => ForAllCases(c =>
    {
        for (int i = 0; i < c.Bids.Length; i++)
        {
            AuctionBid[] raised = [.. c.Bids];
            raised[i] = raised[i] with { Bid = raised[i].Bid + new Micros(1_500_000) };
            AuctionWin[] before = c.Run(Gsp), after = c.Run(Gsp, raised);
            int slotBefore = Array.FindIndex(before, win => win.Bid == i), slotAfter = Array.FindIndex(after, win => win.Bid == i);
            if (slotBefore < 0)
                continue;
            Assert.InRange(slotAfter, 0, slotBefore);
            if (slotAfter == slotBefore && before[slotBefore].IsPerClick)
                Assert.Equal(before[slotBefore].Price, after[slotAfter].Price);
        }
    });

    [Fact]
    public void An_auction_allocates_nothing()
    {
        Case c = Draw(5) with { Slots = 3 };
        AuctionBid[] bids = [.. Enumerable.Range(0, 20).Select(i => new AuctionBid
        {
            AdId = i,
            AdvertiserId = i % 5,
            Pricing = (PricingModel)(i % 4),
            Bid = new Micros(1_000_000 + i),
            ClickProbability = 0.02,
            ConversionProbability = 0.1,
        })];
        var wins = new AuctionWin[3];
        long before = 0;
        for (int round = 0; round < 2; round++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            Gsp.Run(c.Request, bids, wins);
            First.Run(c.Request, bids, wins);
            Spa.Run(new AuctionRequest(1), bids, wins);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
