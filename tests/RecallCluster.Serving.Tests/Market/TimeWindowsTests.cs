using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Gateway;

namespace RecallCluster.Serving.Tests.Market;

public class TimeWindowsTests
{
    private static readonly string[] Zones = ["Etc/UTC", "Europe/Berlin", "Asia/Kathmandu"];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_moments_set_is_that_of_looking_at_every_flight_and_hour(bool inOrder)
    {
        var random = new SeededRandom(11);
        // Clocks in Berlin are put forward in the night to 31 March 2030, those in Kathmandu are a quarter of an hour off.
        var start = new DateTimeOffset(2030, 3, 30, 20, 0, 0, TimeSpan.Zero);
        CampaignSettings?[] campaigns = [.. Enumerable.Range(0, 150).Select(i => i % 10 == 9 ? null : LoopWorld.Campaign(i + 1, 1) with
        {
            Terms = LoopWorld.Campaign(i + 1, 1).Terms with
            {
                TimeZone = Zones[i % 3],
                FlightStart = start + TimeSpan.FromSeconds(random.NextInt(20_000)),
                FlightEnd = start + TimeSpan.FromSeconds(20_000 + random.NextInt(20_000)),
            },
            Targeting = new Targeting { Hours = i % 2 == 0 ? [] : [.. Enumerable.Range(0, 24).Where(_ => random.NextInt(2) == 0)] },
        })];
        var windows = new TimeWindows(campaigns);
        for (int i = 0; i < 3_000; i++)
        {
            DateTimeOffset now = start + TimeSpan.FromSeconds(inOrder ? i * 15 : random.NextInt(45_000));
            ReadOnlySpan<ulong> set = windows.At(now);
            for (int number = 0; number < campaigns.Length; number++)
                Assert.Equal(IsOn(campaigns[number], now), Bits.Has(set, number));
        }
    }

    private static bool IsOn(CampaignSettings? campaign, DateTimeOffset now)
    {
        if (campaign is null || now < campaign.Terms.FlightStart || now >= campaign.Terms.FlightEnd)
            return false;
        int hour = TimeZoneInfo.ConvertTime(now, TimeZoneInfo.FindSystemTimeZoneById(campaign.Terms.TimeZone)).Hour;
        return campaign.Targeting.Hours.Count == 0 || campaign.Targeting.Hours.Contains(hour);
    }
}
