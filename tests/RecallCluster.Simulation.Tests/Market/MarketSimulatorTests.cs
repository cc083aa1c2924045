using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Market;

namespace RecallCluster.Simulation.Tests.Market;

public class MarketSimulatorTests
{
    private const int Campaigns = 12;

    private static readonly MarketOptions Options = new()
    {
        Users = 2000,
        Campaigns = Campaigns,
        Segments = 4,
        SegmentsPerCampaign = 2,
        AuctionsPerDay = 40_000,
        TicksPerDay = 24,
    };

    private static MarketCampaign ForClicks(double budget) => new() { Goal = new CampaignGoal(budget) };

    private static MarketSimulator Market(
        MarketCampaign campaign, double weight, MarketOptions? options = null, int threads = 1, IAuction? auction = null,
        Func<int, IBidController>? controller = null) => new(
        new MarketWorld(options ?? Options, new SeededRandom(3)),
        [.. Enumerable.Repeat(campaign, (options ?? Options).Campaigns)],
        [.. Enumerable.Range(0, (options ?? Options).Campaigns).Select(controller ?? (_ => new Constant(new BidWeights(weight))))],
        auction,
        threads);

    [Fact]
    public void Equal_seeds_give_equal_days_on_any_number_of_threads()
    {
        MarketSimulator one = Market(ForClicks(20), 0.8), four = Market(ForClicks(20), 0.8, threads: 4);
        for (int day = 0; day < 2; day++)
        {
            MarketDay a = one.RunDay(), b = four.RunDay();
            Assert.Equal((a.Auctions, a.WonByUs, a.Revenue), (b.Auctions, b.WonByUs, b.Revenue));
            Assert.Equal(a.Campaigns.SelectMany(campaign => campaign.SpentBy), b.Campaigns.SelectMany(campaign => campaign.SpentBy));
        }
        Assert.Equal(MoneyFormat.ToBytes(one.LedgerOf(0)), MoneyFormat.ToBytes(four.LedgerOf(0)));
    }

    [Fact]
    public void A_user_sees_a_capped_campaign_no_more_often_than_its_rule_allows()
    {
        MarketOptions few = Options with { Users = 200 };
        MarketCampaign capped = ForClicks(1000) with { FrequencyRules = [new FrequencyRule(3, TimeSpan.FromDays(1))] };
        MarketSimulator free = Market(ForClicks(1000), 0.8, few);
        MarketSimulator market = Market(capped, 0.8, few), again = Market(capped, 0.8, few, threads: 3);
        market.KeepLog(0, true);
        var world = new MarketWorld(few, new SeededRandom(3));
        MarketDay without = free.RunDay(), with = market.RunDay();
        Assert.Equal(with.WonByUs, again.RunDay().WonByUs);
        for (int i = 0; i < Campaigns; i++)
        {
            int targeted = Enumerable.Range(0, few.Users).Count(user => world.Targets(i, user));
            Assert.True(with.Campaigns[i].Sums.Wins <= 3 * targeted);
        }
        Assert.True(without.WonByUs > 2 * with.WonByUs, $"{without.WonByUs} without a cap, {with.WonByUs} with");
        // Auctions that a rule forbids are none that the campaign could have bid in.
        Assert.Equal(with.Campaigns[0].Sums.Auctions, with.Campaigns[0].Auctions!.Count);
        Assert.True(with.Campaigns[0].Sums.Auctions < without.Campaigns[0].Sums.Auctions);
        Assert.Throws<ArgumentException>(
            () => Market(capped with { FrequencyRules = [new FrequencyRule(0, TimeSpan.FromDays(1))] }, 0.8, few));
    }

    [Theory]
    [InlineData(PricingModel.Cpm)]
    [InlineData(PricingModel.Cpc)]
    public void Budgets_bind_and_are_never_exceeded(PricingModel pricing)
    {
        MarketCampaign campaign = ForClicks(3) with { Pricing = pricing };
        MarketSimulator market = Market(campaign, 0.15, Options with { ClickLogit = -2.5 });
        double revenue = 0;
        for (int day = 0; day < 2; day++)
            revenue += market.RunDay().Revenue;
        double charged = 0;
        for (int i = 0; i < Campaigns; i++)
        {
            CampaignState ledger = market.LedgerOf(i);
            charged += ledger.TotalSpent.Value / 1e6;
            Assert.All(ledger.Days, day => Assert.True(day.Committed <= Micros.FromUnits(3)));
            Assert.InRange(ledger.Days[0].Spent.Value / 1e6, pricing == PricingModel.Cpm ? 2.9 : 2.4, 3);
        }
        Assert.Equal(charged, revenue, 6);
    }

    [Fact]
    public void Money_is_charged_for_every_impression_and_events_are_counted_once()
    {
        MarketSimulator market = Market(ForClicks(1000), 0.8);
        MarketDay day = market.RunDay();
        Assert.Equal(40_000, day.Auctions);
        Assert.InRange(day.WonByUs, 4_000, 36_000);
        long impressions = 0;
        foreach (CampaignDay campaign in day.Campaigns)
        {
            DayAccount account = Assert.Single(market.LedgerOf(campaign.Campaign).Days);
            Assert.Equal(campaign.Sums.Wins, account.Impressions);
            Assert.Equal((campaign.Clicks, campaign.Conversions), (account.Clicks, account.Conversions));
            Assert.Equal(campaign.Sums.Spent, account.Spent.Value / 1e6, 6);
            Assert.Equal(0, campaign.FreeEvents);
            impressions += account.Impressions;
        }
        Assert.Equal(day.WonByUs, impressions);
    }

    [Fact]
    public void Clicks_follow_the_truth_and_conversions_come_late()
    {
        MarketOptions options = Options with { ConversionLogit = 0, ClickLogit = -2, ConversionDelayHours = 12 };
        MarketSimulator market = Market(ForClicks(1000), 0.2, options);
        MarketDay first = market.RunDay();
        double expected = first.Campaigns.Sum(campaign => campaign.TrueClicks), clicks = first.Campaigns.Sum(campaign => campaign.Clicks);
        Assert.InRange(clicks, expected - (4 * Math.Sqrt(expected)) - 5, expected + (4 * Math.Sqrt(expected)));
        Assert.True(first.Campaigns.Sum(campaign => campaign.Conversions) < 0.45 * clicks);
        MarketDay second = market.RunDay();
        Assert.True(second.Campaigns.Sum(campaign => campaign.Conversions) > 1.2 * first.Campaigns.Sum(campaign => campaign.Conversions));
    }

    [Fact]
    public void The_log_of_a_campaign_holds_what_it_won_and_what_it_would_have_paid()
    {
        MarketSimulator market = Market(ForClicks(1000), 0.8);
        market.KeepLog(2, true);
        CampaignDay day = market.RunDay().Campaigns[2];
        AuctionLog log = day.Auctions!;
        Assert.Equal(day.Sums.Auctions, log.Count);
        double value = 0, cost = 0;
        int wins = 0;
        for (int i = 0; i < log.Count; i++)
        {
            if (log.Cost[i] >= 0.8 * log.Value[i])
                continue;
            wins++;
            value += log.Value[i];
            cost += log.Cost[i];
        }
        Assert.Equal(day.Sums.Wins, wins, 2.0);
        Assert.Equal(day.Sums.Value, value, 0.01 * value);
        Assert.Equal(day.Sums.Spent, cost, 0.01 * cost);
        Assert.All(market.RunDay().Campaigns.Where(campaign => campaign.Campaign != 2), campaign => Assert.Null(campaign.Auctions));
    }

    [Fact]
    public void Controllers_see_the_sums_of_their_day_and_the_log_of_the_last_tick()
    {
        var goal = new CampaignGoal(50, new KpiConstraint("cpc", KpiKind.CostRelated, 1), new KpiConstraint("ctr", KpiKind.Other, 80));
        var campaign = new MarketCampaign
        {
            Goal = goal,
            Value = MarketEvent.Conversion,
            KpiEvents = [MarketEvent.Click, MarketEvent.Click],
        };
        var watchers = new List<Watcher>();
        MarketSimulator market = Market(campaign, 0, controller: _ =>
        {
            watchers.Add(new Watcher(new BidWeights(8, 0.2, 0.0001)));
            return watchers[^1];
        });
        for (int round = 0; round < 2; round++)
        {
            MarketDay day = market.RunDay();
            for (int i = 0; i < Campaigns; i++)
            {
                TickSums sums = day.Campaigns[i].Sums;
                ControlState first = watchers[i].States[24 * round], last = watchers[i].States[^1];
                Assert.Equal(24 * (round + 1), watchers[i].States.Count);
                Assert.Equal((0, 0L, 0.0), (first.Tick, first.Total.Auctions, first.Total.Spent));
                Assert.InRange(last.Total.Wins, 1, sums.Wins);
                Assert.Equal(1, last.Elapsed + last.TickShare, 9);
                Assert.Equal(sums.Wins, sums.Numerator(1));
                Assert.Equal(sums.Spent, sums.Numerator(0), 9);
                Assert.Equal(sums.Denominator(0), sums.Denominator(1), 9);
                Assert.InRange(sums.Value, 0.001 * sums.Denominator(0), sums.Denominator(0));
                Assert.InRange(watchers[i].Seen, 1, sums.Auctions * (round + 1));
            }
        }
    }

    [Fact]
    public void First_price_costs_more_for_the_same_bids()
    {
        double second = Market(ForClicks(1000), 0.8).RunDay().Revenue;
        double first = Market(ForClicks(1000), 0.8, auction: new FirstPriceAuction()).RunDay().Revenue;
        Assert.True(first > 1.1 * second);
    }

    [Fact]
    public void An_over_estimated_campaign_wins_more_and_pays_more_for_a_click()
    {
        MarketOptions biased = Options with { BiasOfCampaign = new Dictionary<int, double> { [1] = 1.5 } };
        CampaignDay honest = Market(ForClicks(1000), 0.8).RunDay().Campaigns[1];
        CampaignDay estimated = Market(ForClicks(1000), 0.8, biased).RunDay().Campaigns[1];
        Assert.True(estimated.Sums.Wins > 1.15 * honest.Sums.Wins);
        Assert.True(estimated.Sums.Spent / estimated.TrueClicks > 1.1 * honest.Sums.Spent / honest.TrueClicks);
    }

    [Fact]
    public void What_does_not_fit_together_is_refused()
    {
        var world = new MarketWorld(Options, new SeededRandom(1));
        Assert.Throws<ArgumentException>(() => new MarketSimulator(world, [ForClicks(1)], [new Constant(default)]));
        Assert.Throws<ArgumentException>(() => Market(ForClicks(1) with { KpiEvents = [MarketEvent.Click] }, 1));
        Assert.Throws<ArgumentException>(() => Market(ForClicks(1) with { Pricing = PricingModel.OptimizedCpc }, 1));
        Assert.Throws<ArgumentException>(() => Market(ForClicks(1) with { BidCap = 0 }, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Market(ForClicks(1), 1, threads: 0));
        Assert.Equal(0, Market(ForClicks(0), 1).RunDay().Revenue);
    }

    private sealed class Constant(BidWeights weights) : IBidController
    {
        public BidWeights Decide(in ControlState state) => weights;
    }

    private sealed class Watcher(BidWeights weights) : ILogController
    {
        public List<ControlState> States { get; } = [];

        public long Seen { get; private set; }

        public void Observe(AuctionLog auctions, double weight) => Seen += auctions.Count;

        public BidWeights Decide(in ControlState state)
        {
            States.Add(state);
            return weights;
        }
    }
}
