using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Contracts;
using RecallCluster.Numerics;
using RecallCluster.Serving;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>Silos whose clocks differ: some campaigns live in another time than the gateway that spends from them.</summary>
public sealed class SkewedClockTests
{
    private const int Campaigns = 12, Rounds = 30, RequestsOfRound = 10;

    // More than the difference of the clocks, as operators are told to set it.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(6);

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    public async Task With_five_seconds_between_clocks_every_event_counts_once_over_leases_and_midnight(int seconds)
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(World(), TimeSpan.FromSeconds(seconds));
        var random = new SeededRandom(1);
        // Half of the campaigns live where the clock is wrong. Where it is slow they lend nothing of the new day yet when it is midnight
        // for the gateway, and what they lent of the old one is over: the others' ads are shown in that round.
        for (int id = 1; id <= Campaigns; id++)
            await host.PlaceAsync(host.Grains.GetGrain<ICampaignGrain>(id), silo: id % 2);
        // Just before midnight, so that half of the rounds are of the next day.
        await host.PassAsync(LoopWorld.Start.Date.AddDays(1) - LoopWorld.Start.UtcDateTime - TimeSpan.FromMinutes(5));
        long shown = 0, spent = 0;
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < RequestsOfRound; i++)
            {
                AdAnswer answer = await host.Gateway.AnswerAsync(LoopWorld.Request($"r{round}-{i}", $"user{random.NextInt(50)}"), default);
                Assert.True(answer.Ads.Count == 1, $"At {host.Now:O}: {answer.NoAd}");
                PlacedAd ad = answer.Ads[0];
                AdEventResult click = await TellAsync(host, AdEventKind.Click, ad.Win);

                Assert.Equal((LedgerOutcome.Applied, ad.Price), (click.Outcome, click.Charged));
                Assert.Equal(LedgerOutcome.Applied, (await TellAsync(host, AdEventKind.Impression, ad.Win)).Outcome);
                Assert.Equal(LedgerOutcome.Duplicate, (await TellAsync(host, AdEventKind.Click, ad.Win)).Outcome);
                (shown, spent) = (shown + 1, spent + ad.Price.Value);
            }
            await host.PassAsync(TimeSpan.FromSeconds(20));
        }

        long impressions = 0, total = 0;
        for (int id = 1; id <= Campaigns; id++)
        {
            Serving.Campaigns.CampaignView view = (await host.Loop.Campaigns.FindAsync(id, default))!;
            Assert.Equal(2, view.Days.Count);
            Assert.All(view.Days, day => Assert.True(day.Spent <= day.Budget));
            impressions += view.Days.Sum(day => day.Impressions);
            total += view.TotalSpent.Value;
        }
        Assert.Equal((shown, spent), (impressions, total));
    }

    private static async Task<AdEventResult> TellAsync(OrleansLoop host, AdEventKind kind, Win win) =>
        Assert.Single(await host.Feedback.AcceptAsync([new AdEvent(kind, win)], default));

    private static LoopWorld World()
    {
        LoopWorld simple = LoopWorld.Simple([.. Enumerable.Range(1, Campaigns).Select(id => ((long)id, 0.3 + (0.01 * id), 3))]);
        return new LoopWorld(
            [.. simple.Campaigns.Select(campaign => campaign with { Terms = campaign.Terms with { ClockMargin = Margin } })], simple.Ads);
    }
}
