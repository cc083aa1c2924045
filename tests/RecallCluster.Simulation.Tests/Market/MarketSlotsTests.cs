using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Market;

namespace RecallCluster.Simulation.Tests.Market;

/// <summary>Auctions of the simulated market that sell several slots.</summary>
public class MarketSlotsTests
{
    private const int Campaigns = 12;
    private static readonly double[] Four = [1, 0.6, 0.4, 0.25];

    private static readonly MarketOptions Options = new()
    {
        Users = 2000,
        Campaigns = Campaigns,
        Segments = 4,
        SegmentsPerCampaign = 2,
        AuctionsPerDay = 40_000,
        TicksPerDay = 24,
        ClickLogit = -3,
        PriceDayDeviation = 0.3,
    };

    private static MarketSimulator Market(
        MarketOptions options, MarketCampaign campaign, IAuction? auction = null, int threads = 1, double scale = 1) => new(
        new MarketWorld(options, new SeededRandom(3)),
        [.. Enumerable.Repeat(campaign, Campaigns)],
        [.. Enumerable.Range(0, Campaigns).Select(i => new Constant(new BidWeights(scale * (0.1 + (0.01 * i)))))],
        auction,
        threads);

    private static MarketCampaign Campaign(double budget, PricingModel pricing) =>
        new() { Goal = new CampaignGoal(budget), Pricing = pricing };

    private static IAuction? AuctionOf(string name) => name switch
    {
        "none" => null,
        "GSP" => new GeneralizedSecondPriceAuction(),
        _ => new FirstPriceAuction(),
    };

    // As the market that knew one slot only had it: same options, seed and campaigns.
    [Theory]
    [InlineData(PricingModel.Cpm, "none", 8907, 6574, 143_988_668, 714, 60, 1832, 462.1900823039989)]
    [InlineData(PricingModel.Cpm, "GSP", 8907, 6574, 143_988_668, 714, 60, 1832, 462.1900823039989)]
    [InlineData(PricingModel.Cpm, "first price", 5274, 4419, 143_972_579, 469, 47, 2181, 455.6620713069982)]
    [InlineData(PricingModel.Cpc, "none", 9249, 7078, 143_035_134, 766, 70, 1821, 464.3113199793652)]
    [InlineData(PricingModel.Cpc, "GSP", 9249, 7078, 143_035_134, 766, 70, 1821, 464.3113199793652)]
    [InlineData(PricingModel.Cpc, "first price", 5549, 4703, 143_453_771, 492, 47, 2168, 456.06814329301204)]
    public void One_slot_gives_what_it_always_gave(
        PricingModel pricing, string auction, long firstDay, long secondDay, long spent, long clicks, long conversions, long declined,
        double cost)
    {
        MarketCampaign campaign = Campaign(6, pricing) with { FrequencyRules = [new FrequencyRule(9, TimeSpan.FromHours(12))] };
        MarketSimulator market = Market(Options, campaign, AuctionOf(auction));
        market.KeepLog(5, true);
        MarketDay first = market.RunDay(), day = market.RunDay();
        Assert.Equal((firstDay, secondDay), (first.WonByUs, day.WonByUs));
        Assert.Equal(spent, Enumerable.Range(0, Campaigns).Sum(i => market.LedgerOf(i).TotalSpent.Value));
        Assert.Equal(
            (clicks, conversions, declined),
            (day.Campaigns.Sum(c => c.Clicks), day.Campaigns.Sum(c => c.Conversions), day.Campaigns.Sum(c => c.Declined)));
        AuctionLog log = day.Campaigns[5].Auctions!;
        double sum = 0;
        for (int i = 0; i < log.Count; i++)
            sum += log.Cost[i];
        Assert.Equal(20_923, log.Count);
        Assert.Equal(cost, sum, 1e-6);
    }

    [Theory]
    [InlineData(PricingModel.Cpm)]
    [InlineData(PricingModel.Cpc)]
    public void Clicks_fall_off_by_slot_as_the_factors_say(PricingModel pricing)
    {
        MarketSimulator market = Market(Options with { PositionFactors = Four, ModelNoise = 0 }, Campaign(1000, pricing));
        MarketDay day = market.RunDay();
        Assert.Equal(day.WonByUs, day.Campaigns.Sum(campaign => campaign.Sums.Wins));
        Assert.InRange(day.WonByUs, day.Auctions / 4, day.Auctions * 4);
        double value = 0;
        for (int slot = 0; slot < Four.Length; slot++)
        {
            SlotCounts[] counts = [.. day.Campaigns.Select(campaign => campaign.Slots[slot])];
            double expected = counts.Sum(count => count.TrueClicks), clicks = counts.Sum(count => count.Clicks);
            Assert.InRange(counts.Sum(count => count.Wins), 1000, day.Auctions);
            // Clicks of the last seconds of the day are still to come.
            Assert.InRange(clicks, expected - (4 * Math.Sqrt(expected)) - 3, expected + (4 * Math.Sqrt(expected)));
            value += expected;
        }
        // Without noise, what the controllers saw is the truth of the slots they had.
        Assert.Equal(value, day.Campaigns.Sum(campaign => campaign.Sums.Value), 1e-4 * value);

        // Equal factors: the slots differ by who has them, and all give more clicks than falling factors do.
        MarketOptions flat = Options with { PositionFactors = [1, 1, 1, 1], ModelNoise = 0 };
        MarketDay level = Market(flat, Campaign(1000, pricing)).RunDay();
        Assert.Equal(day.WonByUs, level.WonByUs);
        for (int slot = 0; slot < Four.Length; slot++)
        {
            double lower = day.Campaigns.Sum(campaign => campaign.Slots[slot].TrueClicks);
            Assert.Equal(Four[slot] * level.Campaigns.Sum(campaign => campaign.Slots[slot].TrueClicks), lower, 1e-9 * lower);
        }
    }

    [Fact]
    public void More_slots_sell_more_and_the_first_is_the_same_world()
    {
        MarketOptions one = Options with { ModelNoise = 0 };
        MarketDay single = Market(one, Campaign(1000, PricingModel.Cpc)).RunDay();
        MarketDay four = Market(one with { PositionFactors = Four }, Campaign(1000, PricingModel.Cpc)).RunDay();
        Assert.Equal(single.Auctions, four.Auctions);
        Assert.True(four.WonByUs > 1.5 * single.WonByUs, $"{four.WonByUs} of four slots, {single.WonByUs} of one");
        Assert.True(four.Campaigns.Sum(campaign => campaign.TrueClicks) > single.Campaigns.Sum(campaign => campaign.TrueClicks));
        Assert.Equal(
            single.Campaigns.Select(campaign => campaign.Sums.Auctions), four.Campaigns.Select(campaign => campaign.Sums.Auctions));
    }

    [Theory]
    [InlineData(PricingModel.Cpm)]
    [InlineData(PricingModel.Cpc)]
    public void Several_slots_are_deterministic_and_their_books_balance(PricingModel pricing)
    {
        MarketOptions options = Options with { PositionFactors = Four };
        MarketCampaign campaign = Campaign(3, pricing) with { FrequencyRules = [new FrequencyRule(9, TimeSpan.FromHours(12))] };
        MarketSimulator one = Market(options, campaign), three = Market(options, campaign, threads: 3);
        for (int day = 0; day < 2; day++)
        {
            MarketDay a = one.RunDay(), b = three.RunDay();
            Assert.Equal((a.Auctions, a.WonByUs, a.Revenue), (b.Auctions, b.WonByUs, b.Revenue));
            Assert.Equal(a.Campaigns.SelectMany(c => c.Slots), b.Campaigns.SelectMany(c => c.Slots));
            Assert.True(a.Campaigns.Sum(c => c.Declined) > 0, "Nobody stood back: no auction was held again.");
            foreach (CampaignDay own in a.Campaigns)
                Assert.Equal(own.Sums.Wins, own.Slots.Sum(slot => slot.Wins));
        }
        for (int i = 0; i < Campaigns; i++)
        {
            Assert.Equal(MoneyFormat.ToBytes(one.LedgerOf(i)), MoneyFormat.ToBytes(three.LedgerOf(i)));
            // Books that do not balance are refused.
            Assert.Equal(one.LedgerOf(i).TotalSpent, new CampaignLedger(one.LedgerOf(i)).TotalSpent);
            Assert.All(one.LedgerOf(i).Days, day => Assert.True(day.Committed <= Micros.FromUnits(3)));
        }
    }

    [Fact]
    public void An_impression_costs_what_its_slot_has_of_the_best_ones_clicks()
    {
        MarketOptions flat = Options with { PositionFactors = [1, 1] }, half = Options with { PositionFactors = [1, 0.5] };
        MarketCampaign campaign = Campaign(1000, PricingModel.Cpm);
        MarketDay full = Market(flat, campaign).RunDay(), less = Market(half, campaign).RunDay();
        foreach ((CampaignDay a, CampaignDay b) in full.Campaigns.Zip(less.Campaigns))
            Assert.Equal(a.Slots.Select(slot => slot.Wins), b.Slots.Select(slot => slot.Wins));
        Assert.True(full.Campaigns.Sum(own => own.Slots[1].Wins) > 1000);
        Assert.InRange(less.Revenue / full.Revenue, 0.5, 0.95);
    }

    [Fact]
    public void The_log_holds_what_a_winner_had_and_what_the_last_slot_would_have_been_to_others()
    {
        MarketSimulator market = Market(Options with { PositionFactors = Four }, Campaign(1000, PricingModel.Cpm), scale: 2);
        market.KeepLog(4, true);
        CampaignDay day = market.RunDay().Campaigns[4];
        AuctionLog log = day.Auctions!;
        Assert.Equal(day.Sums.Auctions, log.Count);
        double weight = 2 * 0.14, value = 0, cost = 0;
        int wins = 0;
        for (int i = 0; i < log.Count; i++)
        {
            if (log.Cost[i] >= weight * log.Value[i])
                continue;
            wins++;
            value += log.Value[i];
            cost += log.Cost[i];
        }
        Assert.Equal(day.Sums.Wins, wins, 2.0 + (0.001 * wins));
        Assert.Equal(day.Sums.Value, value, 0.01 * value);
        Assert.Equal(day.Sums.Spent, cost, 0.01 * cost);
    }

    [Fact]
    public void What_cannot_be_sold_is_refused()
    {
        double[] tooMany = [.. Enumerable.Repeat(1.0, AuctionRequest.MaxSlots + 1)];
        foreach (double[] bad in new double[][] { [], [0.5], [1, 0], [1, 1.1], [1, 0.5, 0.6], [1, double.NaN], tooMany })
        {
            MarketOptions options = Options with { PositionFactors = bad };
            Assert.Contains(
                "PositionFactors", Assert.Throws<ArgumentException>(() => Market(options, Campaign(1, PricingModel.Cpm))).Message);
        }
        MarketOptions two = Options with { PositionFactors = [1, 0.5] };
        Assert.Throws<ArgumentException>(() => Market(two, Campaign(1, PricingModel.Cpm), new SecondPriceAuction()));
    }

    private sealed class Constant(BidWeights weights) : IBidController
    {
        public BidWeights Decide(in ControlState state) => weights;
    }
}
