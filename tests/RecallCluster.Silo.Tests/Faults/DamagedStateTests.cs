using System.Text;
using MessagePack;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Client;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;
using RecallCluster.Wire;
using RecallCluster.Wire.State;
using StackExchange.Redis;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>What is kept of a campaign is no longer what was written, or is of a later version than this program's.</summary>
[Collection(FaultSuite.Name)]
public sealed class DamagedStateTests(FaultSuite suite)
{
    private const int Enough = 200;

    [RedisFact]
    public async Task A_campaign_whose_state_cannot_be_read_is_named_and_the_others_live()
    {
        FaultMarket market = await suite.MarketAsync();
        await using RedisServer redis = await RedisServer.StartedAsync();
        int[] ports = FreePorts.Take(4);
        var seat = new SiloSeat("one", redis.Address, "gateway,retrieval,control", ports[..3]);
        string[] settings =
            [.. market.Settings, .. FaultMarket.ClockFromNow(), "--silo:replicas=1", $"--http:door=http://127.0.0.1:{ports[3]}"];
        using var client = new RecallClient(new RecallClientOptions
        {
            Door = new Uri($"http://127.0.0.1:{ports[3]}"), Timeout = TimeSpan.FromMinutes(5),
        });
        AdsPlaced[] placed;
        await using (RunningSilo first = RunningSilo.Start(seat, settings))
        {
            await first.UntilReadyAsync(1);
            placed = await WinnersAsync(client);
            Assert.Equal(0, await first.TerminateAsync());
        }
        Assert.True(placed.Length > 4, $"only {placed.Length} campaigns win");
        (long damaged, long later) = (placed[0].CampaignId, placed[1].CampaignId);
        await using (ConnectionMultiplexer admin = await redis.ConnectAsync())
        {
            IDatabase database = admin.GetDatabase();
            await database.HashSetAsync(KeyOf(damaged), "snapshot", Encoding.UTF8.GetBytes("this is no snapshot"));
            await database.HashSetAsync(KeyOf(later), "snapshot", MessagePackSerializer.Serialize(
                new MachineSnapshot
                {
                    Format = MachineSnapshot.NewestFormat + 1,
                    State = [],
                    Heard = new Dictionary<string, long>(),
                    Untold = new Dictionary<string, FollowedRecord[]>(),
                    Written = new Dictionary<Guid, long>(),
                },
                WireFormat.Options));
        }

        await using RunningSilo second = RunningSilo.Start(seat, settings);
        await second.UntilReadyAsync(1);
        await second.UntilSaysAsync($"campaign/{damaged}: its snapshot cannot be read");
        await second.UntilSaysAsync(
            $"campaign/{later}: its snapshot has format {MachineSnapshot.NewestFormat + 1}; this program reads up to");
        HashSet<long> winners = [.. (await WinnersAsync(client)).Select(ad => ad.CampaignId)];
        Assert.True(winners.Count > 2, $"only campaigns {string.Join(", ", winners)} win");
        Assert.DoesNotContain(damaged, winners);
        Assert.DoesNotContain(later, winners);
        // Its events are not lost: they are kept until somebody has mended it.
        FeedbackResult told = await client.SendEventAsync(AdFeedback.Impression(placed[0]));
        Assert.Equal(("pending", 0m), (told.Outcome, told.Charged));
    }

    /// <summary>An ad of each campaign that wins now and then.</summary>
    private static async Task<AdsPlaced[]> WinnersAsync(RecallClient client)
    {
        var placed = new Dictionary<long, AdsPlaced>();
        for (int request = 0; request < Enough; request++)
        {
            AdsAnswer answer = await client.AdsAsync(new AdsRequest
            {
                User = new AdsUser { Id = FaultMarket.UserOf(request) }, Slots = [new AdsSlot { Id = "s", Count = FaultMarket.Campaigns }],
            });
            foreach (AdsPlaced ad in answer.Ads)
                placed.TryAdd(ad.CampaignId, ad);
        }
        return [.. placed.Values];
    }

    private static RedisKey KeyOf(long campaign) => $"recall/machine/{{campaign/{campaign}}}";
}
