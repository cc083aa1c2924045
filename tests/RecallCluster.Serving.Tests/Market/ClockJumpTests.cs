using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>The business clock jumps while leases are out and ads wait for their clicks.</summary>
public class ClockJumpTests
{
    private static readonly LoopWorld World = LoopWorld.Simple((1, 0.5, 5), (2, 0.4, 5));

    [Fact]
    public async Task A_jump_of_a_day_rolls_the_day_once_and_what_was_won_before_is_too_late()
    {
        await using DurableLoop loop = await DurableLoop.StartAsync(World);
        PlacedAd before = await SellAsync(loop);

        await loop.PassAsync(TimeSpan.FromDays(1));
        AdEventResult late = (await loop.Feedback.AcceptAsync([new AdEvent(AdEventKind.Click, before.Win)], default))[0];
        PlacedAd after = await SellAsync(loop);
        await ClickAsync(loop, after, LedgerOutcome.Applied);

        Assert.Equal((LedgerOutcome.Late, Micros.Zero), (late.Outcome, late.Charged));
        DayAccount today = await loop.AccountAsync(after.Ad.CampaignId);
        Assert.Equal((1L, after.Price), (today.Clicks, today.Spent));
        Assert.Equal(DateOnly.FromDateTime(LoopWorld.Start.UtcDateTime.AddDays(1)), today.Day.Date);
    }

    [Fact]
    public async Task When_the_clock_goes_back_ads_are_sold_and_paid_for_as_before()
    {
        await using DurableLoop loop = await DurableLoop.StartAsync(World);
        PlacedAd before = await SellAsync(loop);

        await loop.PassAsync(TimeSpan.FromHours(-1));
        PlacedAd meanwhile = await SellAsync(loop);
        await ClickAsync(loop, before, LedgerOutcome.Applied);
        await ClickAsync(loop, meanwhile, LedgerOutcome.Applied);
        await loop.RestartAsync();
        PlacedAd again = await SellAsync(loop);
        await ClickAsync(loop, again, LedgerOutcome.Applied);
        await ClickAsync(loop, before, LedgerOutcome.Duplicate);

        DayAccount today = await loop.AccountAsync(before.Ad.CampaignId);
        Assert.Equal(before.Price + meanwhile.Price + again.Price, today.Spent);
        Assert.Equal(TimeSpan.FromHours(1), loop.Loop.State.Clock.Lag);
    }

    private static async Task<PlacedAd> SellAsync(DurableLoop loop) =>
        Assert.Single((await loop.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default)).Ads);

    private static async Task ClickAsync(DurableLoop loop, PlacedAd ad, LedgerOutcome expected)
    {
        AdEventResult result = (await loop.Feedback.AcceptAsync([new AdEvent(AdEventKind.Click, ad.Win)], default))[0];
        Assert.Equal(expected, result.Outcome);
    }
}
