using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Live;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>The embedded edition's loop, over a state file.</summary>
public class ClosedLoopTests : AdGatewayContract
{
    protected override ILoopHostFactory Factory { get; } = new DurableFactory();

    [Fact]
    public async Task The_live_view_shows_traffic_money_and_campaigns()
    {
        await using DurableLoop host = await DurableLoop.StartAsync(LoopWorld.Simple((1, 1, 2), (2, 0.5, 2)));
        AdAnswer answer = await host.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default);
        await host.Feedback.AcceptAsync([new AdEvent(AdEventKind.Impression, answer.Ads[0].Win), new AdEvent(AdEventKind.Click, answer.Ads[0].Win)], default);
        await host.Feedback.AcceptAsync([new AdEvent(AdEventKind.Click, answer.Ads[0].Win)], default);

        LiveSnapshot live = await host.Loop.Live.SnapshotAsync(default);

        Assert.Equal((double)answer.Ads[0].Price.Value / 1e6, live.Market.Revenue, 1e-9);
        Assert.Equal((1L, 1L, 1L), (live.Market.Impressions, live.Market.Clicks, live.Market.Duplicates));
        Assert.Equal([1L, 2], live.Campaigns.Select(c => c.Settings.Id).Order());
        Assert.Equal(answer.Ads[0].Price, live.Campaigns[0].Today.Spent);
        Assert.Equal(host.Now, live.At);
    }

    [Fact]
    public async Task Campaigns_are_told_of_their_auctions()
    {
        await using DurableLoop host = await DurableLoop.StartAsync(LoopWorld.Simple((1, 1, 2), (2, 0.1, 2)));
        for (int i = 0; i < 20; i++)
            await host.Gateway.AnswerAsync(LoopWorld.Request($"r{i}", $"u{i}"), default);

        await host.PassAsync(TimeSpan.FromHours(1));
        await host.PassAsync(TimeSpan.FromHours(1));

        var reports = await host.Loop.State.Campaigns.ReportsAsync(1);
        Assert.Equal(20, reports[^1].Auctions);
        Assert.InRange(reports[^1].Wins, 1, 20);
    }

    private sealed class DurableFactory : ILoopHostFactory
    {
        public async Task<ILoopHost> StartAsync(LoopWorld world) => await DurableLoop.StartAsync(world);
    }
}
