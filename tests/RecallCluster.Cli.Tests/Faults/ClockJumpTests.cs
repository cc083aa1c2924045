using RecallCluster.Client;
using RecallCluster.Testing;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>A front door whose clock is a day ahead all of a sudden, or an hour behind.</summary>
[Collection(FaultSuite.Name)]
public class ClockJumpTests(FaultWorld world)
{
    [LinuxProcessFact]
    public async Task When_the_clock_jumps_days_roll_once_and_no_money_is_spent_twice()
    {
        await using var door = new DoorProcess(world);
        var charged = new Dictionary<long, decimal>();
        var latest = DateOnly.MinValue;
        foreach (double hours in (double[])[0, 24, 23, 24.5, 48, 24])
        {
            door.ClockShift = TimeSpan.FromHours(hours);
            await door.StartAsync();
            for (int request = 0; request < 10; request++)
                await SellAsync(door, charged);

            // A clock that went back stands still until it has caught up: no day comes twice.
            DateOnly expected = DateOnly.FromDateTime((SmallMarket.Morning + TimeSpan.FromHours(hours)).UtcDateTime);
            latest = expected > latest ? expected : latest;
            foreach (CampaignStanding campaign in (await door.CampaignsAsync()).Values.Where(campaign => charged.ContainsKey(campaign.Id)))
            {
                Assert.Equal(charged[campaign.Id], campaign.TotalSpent);
                Assert.InRange(campaign.Today.Spent, 0, campaign.Today.Budget);
                Assert.Equal(latest, campaign.Today.Date);
            }
            await door.KillAsync();
        }
        Assert.True(charged.Values.Sum() > 0);
    }

    private static async Task SellAsync(DoorProcess door, Dictionary<long, decimal> charged)
    {
        AdsAnswer answer = await door.AskAsync();
        Assert.NotEmpty(answer.Ads);
        foreach (AdsPlaced ad in answer.Ads)
        {
            foreach (AdFeedback feedback in (AdFeedback[])[AdFeedback.Impression(ad), AdFeedback.Click(ad)])
            {
                FeedbackResult result = await door.Client.SendEventAsync(feedback);
                Assert.Equal("applied", result.Outcome);
                charged[ad.CampaignId] = charged.GetValueOrDefault(ad.CampaignId) + result.Charged;
            }
        }
    }
}
