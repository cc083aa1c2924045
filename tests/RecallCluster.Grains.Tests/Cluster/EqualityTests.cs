using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Shards;
using RecallCluster.Numerics;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Tests;
using RecallCluster.Serving.Tests.Market;
using RecallCluster.Serving.Users;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>
/// The embedded edition and the cluster, side by side: one model, one index, one seed, one clock, the same requests and feedback. The
/// embedded edition searches the shards in its process; the cluster's gateway asks grains, of which each of two silos has one of every
/// shard. All of it is equal to the last bit: the same code adds the same numbers in the same order, and whichever replica answers has the
/// same files and the same bids. Three things are left out, since they are not equal: a book on its way, which silos hear of one by one
/// (each round waits for all); deadlines, which depend on what else the machine does; and ads that the index does not know, which each
/// replica links by itself as they come.
/// </summary>
public sealed class EqualityTests
{
    private const int Rounds = 12, RequestsOfRound = 40, Users = 20, Campaigns = 14, AdsEach = 24, Shards = 2;

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public async Task Both_editions_sell_the_same_ads_at_the_same_prices_and_keep_the_same_books(ulong seed)
    {
        LoopWorld varied = LoopWorld.Varied(seed, Campaigns, AdsEach);
        using var model = new HandMadeModel([.. varied.Ads.Select(ad => ad.Id)], seed);
        LoopWorld world = World(varied, seed, VersionPair.Of(model.ModelPath, model.Index(Shards), null));
        await using DurableLoop embedded = await DurableLoop.StartAsync(world);
        await using OrleansLoop cluster = await OrleansLoop.StartAsync(world);
        RetrievalAnswer? foundByOne = null, foundByOther = null;
        embedded.Retriever.Answered += (_, answer) => foundByOne = answer;
        cluster.Retriever.Answered += (_, answer) => foundByOther = answer;
        var random = new SeededRandom(seed);
        int sold = 0, charged = 0, partly = 0;
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < RequestsOfRound; i++)
            {
                AdRequest request = LoopWorld.AnyRequest(random, (round * RequestsOfRound) + i);
                AdAnswer one = await embedded.Gateway.AnswerAsync(request, default);
                AdAnswer other = await cluster.Gateway.AnswerAsync(request, default);

                // As the shards gave them. Numbers of campaigns go by who was made first, and they are made at once.
                Assert.Equal(foundByOne!.Ads.Select(PlainOf), foundByOther!.Ads.Select(PlainOf));
                Assert.Equal(PlainOf(foundByOne), PlainOf(foundByOther));
                partly += foundByOne.Scorings < world.Ads.Count ? 1 : 0;
                Assert.Equal(one.Ads.Select(PlainOf), other.Ads.Select(PlainOf));
                Assert.Equal((one.NoAd, one.Coverage), (other.NoAd, other.Coverage));
                sold += one.Ads.Count;
                charged += await TellAsync(
                    embedded, cluster, [.. one.Ads.Select(ad => ad.Win)], [.. other.Ads.Select(ad => ad.Win)], random);
                await cluster.KeepUpAsync();
            }
            await embedded.PassAsync(TimeSpan.FromMinutes(10));
            await cluster.PassAsync(TimeSpan.FromMinutes(10));
            await AssertSameStateAsync(world, embedded, cluster);
        }
        Assert.True(
            sold > 200 && charged > 50 && partly > 100,
            $"{sold} ads were sold, {charged} events charged, {partly} searches did not score every ad: that tries too little");
        AssertAllReplicasAnswered(cluster, foundByOther!.Version);
    }

    private static void AssertAllReplicasAnswered(OrleansLoop cluster, string version)
    {
        for (int silo = 0; silo < cluster.Cluster.Silos.Count; silo++)
        {
            SiloShards shards = cluster.ServicesOf(silo).GetRequiredService<SiloShards>();
            for (int shard = 0; shard < Shards; shard++)
                Assert.False(double.IsNaN(shards.Of(shard).Live(version).P95Ms), $"shard {shard} of silo {silo} answered nothing");
        }
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

    private static (string Ad, float Score, float Value) PlainOf(ScoredAd ad) => (ad.Id, ad.Score, ad.Value);

    /// <summary>An answer of all shards with all but its times.</summary>
    private static (string Version, double Coverage, long Scorings, SearchLimits Limits, UserReading User) PlainOf(RetrievalAnswer all) =>
        (all.Version, all.Coverage, all.Scorings, all.Limits, all.User);

    /// <summary>An ad with all that was decided of it; only the gateway's number differs from host to host.</summary>
    private static (string Slot, int Position, string Ad, Micros Ecpm, string? Deal, Win Win) PlainOf(PlacedAd ad) =>
        (ad.SlotId, ad.Position, ad.Ad.Id, ad.Ecpm, ad.DealId, ad.Win with { Gateway = 0 });

    private static string TextOf(CampaignView? view) => JsonSerializer.Serialize(view!, CampaignViewJson.Type);

    private static async Task<string> UserAsync(IUserStore users, int user) =>
        await users.FindAsync($"user{user}", default) is not { } known ? "unknown"
        : $"{string.Join(',', known.Sequence)} {string.Join(',', known.Exposures)} {known.Consent} {known.IsErased}";

    /// <summary>A market in which budgets run out, spend is paced, caps fill and controllers have something to do.</summary>
    private static LoopWorld World(LoopWorld varied, ulong seed, VersionPair index) => new(
        [.. varied.Campaigns.Select((campaign, number) => campaign with
        {
            Terms = campaign.Terms with
            {
                DailyBudget = number % 3 == 0 ? new Micros(200_000) : Micros.FromUnits(20),
                Pacing = number % 2 == 0 ? PacingMode.Even : PacingMode.AsFastAsPossible,
            },
            Caps = number % 4 == 0 ? [new FrequencyRule(3, TimeSpan.FromHours(1))] : [],
        })],
        varied.Ads) { Seed = seed, Candidates = 40, Index = index };
}
