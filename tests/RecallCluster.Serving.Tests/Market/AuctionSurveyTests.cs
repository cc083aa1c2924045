using RecallCluster.Numerics;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Hosting;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>Campaigns learn of auctions in which they could have bid and did not.</summary>
public sealed class AuctionSurveyTests : IDisposable
{
    private const int Ads = 120;
    private static readonly GuidedSearchParameters Everything = new() { Layers = [new LayerBudget(1_000, 1_000)] };

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-survey-");
    private readonly BusinessTime _clock = new(LoopWorld.Start);
    private readonly HandMadeModel _made = new(Ads);
    private int _requests;

    [Theory]
    [InlineData(0.02, true)]
    [InlineData(0, false)]
    public async Task A_campaign_that_bids_nothing_comes_back_as_soon_as_its_controller_sees_the_market(double share, bool comesBack)
    {
        await using EmbeddedHost host = Host();
        ClosedLoop loop = await OpenAsync(host, share, LoopWorld.Campaign(1, 0.5), Silent(2) with { Controller = "replan" });
        Assert.All(await TrafficAsync(loop, 40), campaign => Assert.Equal(1, campaign));

        for (int tick = 0; tick < 4; tick++)
            await TrafficAsync(loop, 40);
        List<long> winners = await TrafficAsync(loop, 40);

        Assert.Equal(comesBack, winners.Contains(2));
        CampaignDayReport report = (await loop.State.Campaigns.ReportsAsync(2))[^1];
        Assert.Equal(comesBack ? 240 : 0, report.Auctions);
        Assert.Equal(comesBack, report.OptimalValue > 0);
    }

    [Fact]
    public async Task A_campaign_held_back_by_its_click_rate_is_told_of_the_auctions_it_bid_nothing_in()
    {
        await using EmbeddedHost host = Host();
        CampaignSettings bound = LoopWorld.Campaign(2, 0.5) with
        {
            Product = "click-ctr", MinCtr = 0.999, StartWeights = [0.5, 1_000],
        };
        ClosedLoop loop = await OpenAsync(host, 0.02, LoopWorld.Campaign(1, 0.5), bound);

        List<long> winners = [.. await TrafficAsync(loop, 40), .. await TrafficAsync(loop, 40)];

        Assert.DoesNotContain(2, winners);
        CampaignDayReport report = (await loop.State.Campaigns.ReportsAsync(2))[^1];
        Assert.Equal((80L, 0L), (report.Auctions, report.Wins));
        // Who bids is told by the auctions, and of none of them twice.
        Assert.Equal(80, (await loop.State.Campaigns.ReportsAsync(1))[^1].Auctions);
    }

    [Fact]
    public async Task Of_many_campaigns_some_are_asked_about_and_count_for_all()
    {
        const int Campaigns = 80, Requests = 120;
        await using EmbeddedHost host = Host();
        ClosedLoop loop = await OpenAsync(
            host, 0.02, [LoopWorld.Campaign(1, 0.5), .. Enumerable.Range(2, Campaigns - 1).Select(id => Silent(id))]);

        await TrafficAsync(loop, Requests);

        long told = 0;
        for (int id = 2; id <= Campaigns; id++)
            told += (await loop.State.Campaigns.ReportsAsync(id))[^1].Auctions;
        // Each count is rounded.
        Assert.InRange(told, ((Campaigns - 1) * Requests) - (Campaigns / 2), ((Campaigns - 1) * Requests) + (Campaigns / 2));
    }

    [Fact]
    public void The_drawn_sample_holds_what_was_bid_in_and_what_was_not_in_their_proportion()
    {
        const int Rounds = 400;
        var random = new SeededRandom(3);
        double cost = 0;
        for (int round = 0; round < Rounds; round++)
        {
            var whole = new TallySheet();
            var sheet = new TallySheet();
            for (int i = 0; i < 900; i++)
                sheet.Of(3).AddAuction(new AuctionSample(0.5f, 1), random);
            sheet.MoveTo(whole, random);
            for (int i = 0; i < 3; i++)
                sheet.Of(3).AddSurveyed(0.1, 0, 200);
            sheet.Of(3).AddSurveyed(0.1, null, 50);
            sheet.MoveTo(whole, random);

            AuctionSample[] drawn = whole.Of(3).Draw(random, out double weight);

            Assert.Equal(1_500, drawn.Length * weight, 1e-6);
            Assert.Equal((900L, 650.0), (whole.Of(3).Sums.Auctions, whole.Of(3).Sums.Surveyed));
            cost += drawn.Average(auction => auction.Cost);
        }
        Assert.Equal(0.6, cost / Rounds, 0.005);
    }

    public void Dispose()
    {
        _made.Dispose();
        _directory.Delete(recursive: true);
    }

    private static CampaignSettings Silent(long id) => LoopWorld.Campaign(id, 0);

    private EmbeddedHost Host()
    {
        var host = new EmbeddedHost(threads: 2);
        host.Load(new EmbeddedHostOptions { ModelDirectory = _made.ModelPath, IndexDirectory = _made.Index(2), Parameters = Everything });
        return host;
    }

    private Task<ClosedLoop> OpenAsync(EmbeddedHost host, double share, params CampaignSettings[] campaigns)
    {
        AdsDirectory.WriteCampaigns(_directory.FullName, campaigns);
        AdsDirectory.WriteAds(
            _directory.FullName, Enumerable.Range(0, Ads).Select(i => LoopWorld.Ad($"ad{i}", campaigns[i % campaigns.Length].Id)));
        return host.OpenLoopAsync(new ClosedLoopOptions
        {
            MarketDirectory = _directory.FullName,
            StateFile = Path.Combine(_directory.FullName, "state.db"),
            BusinessClock = _clock,
            Gateway = new() { SurveyShare = share },
        });
    }

    /// <summary>Half an hour, a tick, with so many requests.</summary>
    /// <returns>The campaigns that won.</returns>
    private async Task<List<long>> TrafficAsync(ClosedLoop loop, int requests)
    {
        var winners = new List<long>();
        for (int i = 0; i < requests; i++)
        {
            AdAnswer answer = await loop.Gateway.AnswerAsync(LoopWorld.Request($"r{_requests}", $"u{_requests++}"), default);
            winners.AddRange(answer.Ads.Select(ad => ad.Ad.CampaignId));
        }
        _clock.Advance(TimeSpan.FromMinutes(30));
        await loop.PassAsync();
        return winners;
    }
}
