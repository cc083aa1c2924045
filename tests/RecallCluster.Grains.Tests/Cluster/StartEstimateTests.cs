using RecallCluster.Bidding.Money;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Cluster;

public sealed class StartEstimateTests
{
    [Fact]
    public async Task A_campaign_without_weights_begins_with_what_the_market_costs_today()
    {
        LoopWorld world = LoopWorld.Simple((1, 0.5, 1), (2, 0.7, 1));
        await using OrleansLoop host = await OrleansLoop.StartAsync(world);
        var slot = new SlotRequest("s") { Count = 1, Floor = Micros.FromUnits(2) };
        for (int i = 0; i < 300; i++)
        {
            AdAnswer answer = await host.Gateway.AnswerAsync(LoopWorld.Request($"r{i}", null, slot), default);
            foreach (PlacedAd ad in answer.Ads)
            {
                await host.Feedback.AcceptAsync(
                    i % 7 == 0
                        ? [new AdEvent(AdEventKind.Impression, ad.Win)]
                        : [new AdEvent(AdEventKind.Impression, ad.Win), new AdEvent(AdEventKind.Click, ad.Win)],
                    default);
            }
        }
        foreach (CampaignSettings campaign in world.Campaigns)
            await host.PutCampaignAsync(campaign);
        MarketLevel observed = new MarketLevel().Observed([await host.AccountAsync(1), await host.AccountAsync(2)]);
        Assert.NotEqual(new MarketLevel().CostPerClick, observed.CostPerClick);
        CampaignSettings fresh = LoopWorld.Campaign(3, 1) with { StartWeights = null };

        CampaignView view = await host.Loop.Campaigns.PutAsync(fresh, null, default);

        Assert.Equal(StartEstimate.Of(fresh, observed), view.Weights);
    }
}
