using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Gateways;
using RecallCluster.Grains.Hosting;
using RecallCluster.Numerics;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>A front door in a process of its own: a client of two silos, of which the first has a gateway that is open.</summary>
public sealed class DoorTests
{
    [Fact]
    public async Task It_answers_as_the_gateway_does()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Varied(3, 14, 8));
        await using Door door = await Door.OpenAsync(host);
        // Both answer by the same book.
        await host.Loop.KeepUpAsync(default);
        var random = new SeededRandom(3);
        int sold = 0;
        for (int i = 0; i < 100; i++)
        {
            AdRequest request = LoopWorld.AnyRequest(random, i) with { IsTest = true, Explain = true };

            AdAnswer here = await host.Gateway.AnswerAsync(request, default);
            AdAnswer there = await door.Services.Gateway!.AnswerAsync(request, default);

            Assert.Equal(here.Ads.Count, there.Ads.Count);
            foreach ((PlacedAd one, PlacedAd other) in here.Ads.Zip(there.Ads))
            {
                Assert.Equal(one.Win with { Id = other.Win.Id }, other.Win);
                Assert.Equal(one.Ad.Creative, other.Ad.Creative);
                Assert.Equal(one.Ad.Categories, other.Ad.Categories);
                Assert.Equal(
                    (one.SlotId, one.Position, one.AdvertiserDomain, one.Ecpm, one.EventWindow, one.DealId, one.Ad.LandingPage),
                    (other.SlotId, other.Position, other.AdvertiserDomain, other.Ecpm, other.EventWindow, other.DealId,
                        other.Ad.LandingPage));
            }
            Assert.Equal(
                (here.RequestId, here.NoAd, here.Version, here.BookVersion, here.Coverage, here.Limits, here.User),
                (there.RequestId, there.NoAd, there.Version, there.BookVersion, there.Coverage, there.Limits, there.User));
            Assert.Equal(
                here.Explanation!.Candidates.Select(c => (c.AdId, c.CampaignId, c.Ecpm, c.Fate, c.BidTerms.Count)),
                there.Explanation!.Candidates.Select(c => (c.AdId, c.CampaignId, c.Ecpm, c.Fate, c.BidTerms.Count)));
            sold += there.Ads.Count;
        }
        Assert.True(sold > 50, $"only {sold} ads were sold: the requests try too little");
    }

    [Fact]
    public async Task Candidates_are_the_gateway_s_and_what_makes_no_sense_is_refused_by_its_field()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 8), (2, 0.4, 8)));
        await using Door door = await Door.OpenAsync(host);
        var request = new RetrievalRequest(new UserFeatures { Id = "ann", Sequence = ["ad1-0"] }, 7) { Exclude = ["ad1-1"] };

        RetrievalAnswer answer = await door.Services.Retriever.AnswerAsync(request, default);

        Assert.Equal(7, answer.Ads.Count);
        Assert.DoesNotContain(answer.Ads, ad => ad.Id == "ad1-1");
        Assert.Equal(1, answer.Coverage);
        var candidates = await Assert.ThrowsAsync<InvalidRequestException>(
            () => door.Services.Retriever.AnswerAsync(request with { MaxScorings = -1 }, default));
        Assert.Equal("maxScorings", candidates.Field);
        var ads = await Assert.ThrowsAsync<InvalidRequestException>(
            () => door.Services.Gateway!.AnswerAsync(LoopWorld.Request("r", "ann", new SlotRequest("s") { Count = 0 }), default));
        var direct = await Assert.ThrowsAsync<InvalidRequestException>(
            () => host.Gateway.AnswerAsync(LoopWorld.Request("r", "ann", new SlotRequest("s") { Count = 0 }), default));
        Assert.Equal((direct.Field, direct.Reason), (ads.Field, ads.Reason));
    }

    [Fact]
    public async Task Events_that_come_to_it_reach_the_campaign_and_the_gateway_that_delivered()
    {
        LoopWorld world = LoopWorld.Simple((1, 5, 1));
        CampaignSettings capped = world.Campaigns[0] with { Caps = [new FrequencyRule(1, TimeSpan.FromHours(1))] };
        await using OrleansLoop host = await OrleansLoop.StartAsync(new LoopWorld([capped], world.Ads));
        await using Door door = await Door.OpenAsync(host);
        AdRequest request = LoopWorld.Request("r", "ann");
        Win unseen = Assert.Single((await door.Services.Gateway!.AnswerAsync(request, default)).Ads).Win;
        Assert.Empty((await door.Services.Gateway.AnswerAsync(request, default)).Ads);

        AdEventResult lost = Assert.Single(await door.Services.Feedback!.AcceptAsync([new AdEvent(AdEventKind.Loss, unseen)], default));

        Assert.Equal(LedgerOutcome.Applied, lost.Outcome);
        AdAnswer again = await UntilAsync(() => door.Services.Gateway.AnswerAsync(request, default), answer => answer.Ads.Count == 1);
        IReadOnlyList<AdEventResult> told = await door.Services.Feedback.AcceptAsync(
            [new AdEvent(AdEventKind.Impression, again.Ads[0].Win), new AdEvent(AdEventKind.Click, again.Ads[0].Win)], default);
        Assert.All(told, result => Assert.Equal(LedgerOutcome.Applied, result.Outcome));
        DayAccount today = (await door.Services.Campaigns!.FindAsync(1, default))!.Today;
        Assert.Equal((1, 1), (today.Impressions, today.Clicks));
    }

    [Fact]
    public async Task Its_other_routes_ask_the_cluster_too()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 5, 1), (2, 0.4, 2)));
        await using Door door = await Door.OpenAsync(host);

        await door.Services.Campaigns!.PutAsync(LoopWorld.Campaign(3, 0.1), 0, default);
        await door.Services.Users!.SetConsentAsync("ann", false, default);
        await door.Services.Catalogue!.PutAsync(LoopWorld.Ad("ad1-0", 1) with { IsPaused = true }, default);
        LiveSnapshot live = await door.Services.Live!.SnapshotAsync(default);

        Assert.Equal([1L, 2, 3], (await host.Loop.Campaigns.ListAsync(0, 9, default)).Select(campaign => campaign.Settings.Id));
        Assert.False((await host.Users.FindAsync("ann", default))!.Consent);
        AdAnswer answer = await UntilAsync(
            () => door.Services.Gateway!.AnswerAsync(LoopWorld.Request("r", "bob"), default),
            answer => answer.Ads is [{ Ad.CampaignId: 2 }, ..]);
        Assert.InRange(live.Campaigns.Count, 2, 3);
        Assert.Equal(1, answer.Coverage);
    }

    [Fact]
    public async Task Time_that_is_over_and_gateways_that_are_not_open_are_told_from_each_other()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 5, 1)));
        await using Door door = await Door.OpenAsync(host);
        AdRequest request = LoopWorld.Request("r", "ann");

        host.SilenceShards(true);
        AdAnswer late = await door.Services.Gateway!.AnswerAsync(request with { Deadline = TimeSpan.FromMilliseconds(50) }, default);
        host.SilenceShards(false);
        host.ServicesOf(0).GetRequiredService<OpenGateway>().Services = null;
        AdAnswer none = await door.Services.Gateway.AnswerAsync(request, default);

        Assert.Empty(late.Ads);
        Assert.NotEqual(NoAdReason.None, late.NoAd);
        Assert.Equal(NoAdReason.NoShardAnswered, none.NoAd);
        Assert.Contains("no gateway is open", Assert.Single(none.Failures).Reason, StringComparison.Ordinal);
        await UntilAsync(() => Task.FromResult(door.Services.Gateway.IsReady), isReady => !isReady);
    }

    private static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> isIt)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (true)
        {
            T told = await ask();
            if (isIt(told))
                return told;
            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>The door's process, without HTTP.</summary>
    private sealed class Door(ServiceProvider all, GatewayServices services) : IAsyncDisposable
    {
        public GatewayServices Services => services;

        public static async Task<Door> OpenAsync(OrleansLoop host)
        {
            ServiceProvider all = host.DoorServices();
            foreach (IHostedService service in all.GetServices<IHostedService>())
                await service.StartAsync(default);
            return new Door(all, await all.GetRequiredService<IGatewayComposition>().OpenAsync(default));
        }

        public async ValueTask DisposeAsync()
        {
            await services.DisposeAsync();
            foreach (IHostedService service in all.GetServices<IHostedService>())
                await service.StopAsync(default);
            await all.DisposeAsync();
        }
    }
}
