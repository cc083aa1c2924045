using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Tests.Market;
using RecallCluster.Serving.Users;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>The embedded edition and the cluster, side by side: one seed, one clock, the same requests and feedback.</summary>
public sealed class EqualityTests
{
    private const int Rounds = 12, RequestsOfRound = 40, Users = 20;

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public async Task Both_editions_sell_the_same_ads_at_the_same_prices_and_keep_the_same_books(ulong seed)
    {
        LoopWorld world = World(seed);
        await using DurableLoop embedded = await DurableLoop.StartAsync(world);
        await using OrleansLoop cluster = await OrleansLoop.StartAsync(world);
        var random = new SeededRandom(seed);
        int sold = 0, charged = 0;
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < RequestsOfRound; i++)
            {
                AdRequest request = LoopWorld.AnyRequest(random, (round * RequestsOfRound) + i);
                AdAnswer one = await embedded.Gateway.AnswerAsync(request, default);
                AdAnswer other = await cluster.Gateway.AnswerAsync(request, default);

                Assert.Equal(one.Ads.Select(PlainOf), other.Ads.Select(PlainOf));
                Assert.Equal((one.NoAd, one.Coverage), (other.NoAd, other.Coverage));
                sold += one.Ads.Count;
                charged += await TellAsync(
                    embedded, cluster, [.. one.Ads.Select(ad => ad.Win)], [.. other.Ads.Select(ad => ad.Win)], random);
                await cluster.Loop.KeepUpAsync(default);
            }
            await embedded.PassAsync(TimeSpan.FromMinutes(10));
            await cluster.PassAsync(TimeSpan.FromMinutes(10));
            await AssertSameStateAsync(world, embedded, cluster);
        }
        Assert.True(sold > 200 && charged > 50, $"{sold} ads were sold and {charged} events charged: that tries too little");
    }

    /// <summary>Tells both editions of the same events; some of them twice, some never.</summary>
    /// <returns>How many cost something.</returns>
    private static async Task<int> TellAsync(DurableLoop embedded, OrleansLoop cluster, Win[] ones, Win[] others, SeededRandom random)
    {
        int charged = 0;
        for (int i = 0; i < ones.Length; i++)
        {
            AdEventKind[] kinds = random.NextInt(8) switch
            {
                0 => [],
                1 => [AdEventKind.Loss],
                2 => [AdEventKind.Click, AdEventKind.Impression, AdEventKind.Conversion],
                3 or 4 => [AdEventKind.Impression, AdEventKind.Click, AdEventKind.Click],
                _ => [AdEventKind.Impression, AdEventKind.Impression],
            };
            foreach (AdEventKind kind in kinds)
            {
                AdEventResult one = Assert.Single(await embedded.Feedback.AcceptAsync([new AdEvent(kind, ones[i])], default));
                Assert.Equal(one, Assert.Single(await cluster.Feedback.AcceptAsync([new AdEvent(kind, others[i])], default)));
                charged += one.Charged > Micros.Zero ? 1 : 0;
            }
        }
        return charged;
    }

    private static async Task AssertSameStateAsync(LoopWorld world, DurableLoop embedded, OrleansLoop cluster)
    {
        foreach (CampaignSettings campaign in world.Campaigns)
        {
            Assert.Equal(
                TextOf(await embedded.Loop.Campaigns.FindAsync(campaign.Id, default)),
                TextOf(await cluster.Loop.Campaigns.FindAsync(campaign.Id, default)));
        }
        for (int user = 0; user < Users; user++)
            Assert.Equal(await UserAsync(embedded.Users, user), await UserAsync(cluster.Users, user));
    }

    /// <summary>An ad with all that was decided of it; only the gateway's number differs from host to host.</summary>
    private static (string Slot, int Position, string Ad, Micros Ecpm, string? Deal, Win Win) PlainOf(PlacedAd ad) =>
        (ad.SlotId, ad.Position, ad.Ad.Id, ad.Ecpm, ad.DealId, ad.Win with { Gateway = 0 });

    private static string TextOf(CampaignView? view) => JsonSerializer.Serialize(view!, CampaignViewJson.Type);

    private static async Task<string> UserAsync(IUserStore users, int user) =>
        await users.FindAsync($"user{user}", default) is not { } known ? "unknown"
        : $"{string.Join(',', known.Sequence)} {string.Join(',', known.Exposures)} {known.Consent} {known.IsErased}";

    /// <summary>A market in which budgets run out, spend is paced, caps fill and controllers have something to do.</summary>
    private static LoopWorld World(ulong seed)
    {
        LoopWorld varied = LoopWorld.Varied(seed, 14, 8);
        return new LoopWorld(
            [.. varied.Campaigns.Select((campaign, number) => campaign with
            {
                Terms = campaign.Terms with
                {
                    DailyBudget = number % 3 == 0 ? new Micros(200_000) : Micros.FromUnits(20),
                    Pacing = number % 2 == 0 ? PacingMode.Even : PacingMode.AsFastAsPossible,
                },
                Caps = number % 4 == 0 ? [new FrequencyRule(3, TimeSpan.FromHours(1))] : [],
            })],
            varied.Ads) { Seed = seed };
    }
}
