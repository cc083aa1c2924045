using RecallCluster.Bidding.Replay;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Simulation.Tests.Traffic;

public class TrafficWorldTests
{
    private static readonly SyntheticWorld World = new(SyntheticWorldOptions.Tiny with { Seed = 3 }, threads: 1);
    private static readonly TrafficOptions Options = new() { Seed = 3, Campaigns = 12, RequestsPerDay = 2_000 };
    private static readonly TrafficWorld Traffic = new(World, Options);

    [Fact]
    public void Every_ad_belongs_to_one_campaign_and_every_campaign_has_ads()
    {
        Assert.Equal(12, Traffic.Campaigns.Count);
        Assert.All(Traffic.Campaigns, campaign => Assert.NotEmpty(campaign.Ads));
        Assert.Equal(Enumerable.Range(0, World.Options.Ads), Traffic.Campaigns.SelectMany(campaign => campaign.Ads).Order());
        Assert.All(Traffic.Campaigns, campaign => Assert.All(campaign.Ads, ad => Assert.Equal(campaign.Number, Traffic.CampaignOf(ad))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(400)]
    public void Any_number_of_campaigns_can_be_dealt(int campaigns)
    {
        var traffic = new TrafficWorld(World, Options with { Campaigns = campaigns });

        Assert.Equal(World.Options.Ads, traffic.Campaigns.Sum(campaign => campaign.Ads.Length));
        Assert.All(traffic.Campaigns, campaign => Assert.NotEmpty(campaign.Ads));
    }

    [Fact]
    public void A_campaign_stays_in_one_department()
    {
        AdCatalogue ads = World.Catalogue;

        Assert.All(Traffic.Campaigns, campaign =>
            Assert.All(campaign.Ads, ad => Assert.Equal(campaign.Department, ads.Taxonomy.DepartmentOf[ads.Category[ad]])));
    }

    [Fact]
    public void A_day_is_in_order_and_follows_the_hours_profile()
    {
        TrafficRequest[] day = Traffic.Day(1);

        Assert.Equal(day.OrderBy(request => request.Time), day);
        Assert.Equal(1, TrafficWorld.HourShares.Sum(), 9);
        for (int hour = 0; hour < 24; hour++)
            Assert.InRange(day.Count(request => request.Time.Hours == hour), (2_000 * TrafficWorld.HourShares[hour]) - 2, (2_000 * TrafficWorld.HourShares[hour]) + 2);
    }

    [Fact]
    public void Equal_seeds_give_equal_days_and_other_days_differ()
    {
        TrafficRequest[] again = new TrafficWorld(World, Options).Day(1);

        Assert.Equal(Traffic.Day(1).Select(request => request with { Floors = [] }), again.Select(request => request with { Floors = [] }));
        Assert.Equal(Traffic.Day(1).SelectMany(request => request.Floors), again.SelectMany(request => request.Floors));
        Assert.NotEqual(Traffic.Day(1)[5].User, Traffic.Day(2)[5].User);
    }

    [Fact]
    public void A_user_stays_in_its_country()
    {
        IEnumerable<IGrouping<int, TrafficRequest>> byUser = Traffic.Day(0).Concat(Traffic.Day(1)).GroupBy(request => request.User);

        Assert.All(byUser, user => Assert.Single(user.Select(request => request.Country).Distinct()));
    }

    [Fact]
    public void What_comes_of_an_ad_does_not_depend_on_what_was_asked_before()
    {
        TrafficRequest[] day = Traffic.Day(0);
        AdOutcome[] forwards = [.. day.Take(300).Select(request => Traffic.Play(request, request.Number % 1_000, 0))];
        AdOutcome[] backwards = [.. day.Take(300).Reverse().Select(request => Traffic.Play(request, request.Number % 1_000, 0)).Reverse()];

        Assert.Equivalent(forwards, backwards, strict: true);
    }

    [Fact]
    public void Ads_are_clicked_and_converted_as_often_as_their_probabilities_say()
    {
        double expectedClicks = 0, expectedConversions = 0, clickVariance = 0;
        int clicks = 0, conversions = 0, shown = 0;
        var preferences = new float[World.Options.Ads];
        foreach (TrafficRequest request in Traffic.Day(0))
        {
            // The ads that the user likes best, or there would be next to no clicks to count.
            World.Preferences(request.User, preferences);
            foreach (int ad in Enumerable.Range(0, preferences.Length).OrderByDescending(ad => preferences[ad]).Take(5))
            {
                double click = Traffic.ClickProbability(request, ad, 0), conversion = Traffic.ConversionProbability(ad);
                AdOutcome outcome = Traffic.Play(request, ad, 0);
                Assert.Equal(outcome.ClickedAfter is null, outcome.Signals.Length == 0);
                Assert.True(outcome.ConvertedAfter is null || outcome.ConvertedAfter > outcome.ClickedAfter);
                if (outcome.ShownAfter is null)
                    continue;
                shown++;
                expectedClicks += click;
                clickVariance += click * (1 - click);
                clicks += outcome.ClickedAfter is null ? 0 : 1;
                expectedConversions += outcome.ClickedAfter is null ? 0 : conversion;
                conversions += outcome.ConvertedAfter is null ? 0 : 1;
            }
        }

        Assert.InRange(clicks, expectedClicks - (4 * Math.Sqrt(clickVariance)), expectedClicks + (4 * Math.Sqrt(clickVariance)));
        Assert.InRange(conversions, expectedConversions - (4 * Math.Sqrt(expectedConversions)), expectedConversions + (4 * Math.Sqrt(expectedConversions)));
        Assert.True(clicks > 50, $"{clicks} clicks of {shown} impressions");
    }

    [Fact]
    public void Clicks_fall_with_the_position_and_swing_with_the_hour()
    {
        TrafficRequest noon = Traffic.Day(0).First(request => request.Time.Hours == 13), night = noon with { Time = TimeSpan.FromHours(1) };

        Assert.Equal(Options.PositionDecay, Traffic.ClickProbability(noon, 5, 1) / Traffic.ClickProbability(noon, 5, 0), 9);
        Assert.True(Traffic.ClickProbability(noon, 5, 0) > Traffic.ClickProbability(night, 5, 0));
    }

    [Fact]
    public void True_auctions_enter_every_campaigns_likeliest_ad()
    {
        TrafficRequest request = Traffic.Day(0)[17];
        TracedAuction auction = Traffic.TrueAuctions([request], DateTimeOffset.UnixEpoch, threads: 1)[0];

        Assert.Equal(DateTimeOffset.UnixEpoch + request.Time, auction.At);
        Assert.Equal(request.Floors[0] / 1000, auction.Floor);
        Assert.All(auction.Bids, bid => Assert.Equal(
            Traffic.Campaigns[(int)bid.Campaign - 1].Ads.Max(ad => Traffic.ClickProbability(request, ad, 0)), bid.ClickProbability, 1e-5));
    }

    [Theory]
    [InlineData(nameof(TrafficOptions.Campaigns))]
    [InlineData(nameof(TrafficOptions.Attention))]
    [InlineData(nameof(TrafficOptions.RivalEcpm))]
    public void An_option_out_of_range_is_named(string name)
    {
        TrafficOptions broken = name switch
        {
            nameof(TrafficOptions.Campaigns) => Options with { Campaigns = 0 },
            nameof(TrafficOptions.Attention) => Options with { Attention = 1.5 },
            _ => Options with { RivalEcpm = double.NaN },
        };

        Assert.Equal(name, Assert.Throws<ArgumentException>(() => new TrafficWorld(World, broken)).ParamName);
    }

    [Fact]
    public void More_campaigns_than_ads_are_refused() =>
        Assert.Throws<ArgumentException>(() => new TrafficWorld(World, Options with { Campaigns = 2_000 }));
}
