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

    // Not in the market's directory.
    private const long Put = 4_711;

    // A command of a kind that this program does not know.
    private const string Fold = """{"$type":"fold","at":"2026-03-01T00:00:00+00:00","corner":3}""";

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
        string[] unknownBefore;
        RedisValue sound;
        await using (RunningSilo first = RunningSilo.Start(seat, settings))
        {
            await first.UntilReadyAsync(1);
            placed = await WinnersAsync(client);
            var admin = new RecallAdmin(client);
            await admin.PutCampaignAsync(Put, (await admin.CampaignAsync(placed[0].CampaignId)).Settings);
            Assert.Equal(0, await first.TerminateAsync());
        }
        Assert.True(placed.Length > 6, $"only {placed.Length} campaigns win");
        long[] broken = [.. placed.Take(4).Select(ad => ad.CampaignId)];
        (long damaged, long later, long unknown, long torn) = (broken[0], broken[1], broken[2], broken[3]);
        await using (ConnectionMultiplexer redisClient = await redis.ConnectAsync())
        {
            IDatabase database = redisClient.GetDatabase();
            sound = await database.HashGetAsync(KeyOf(damaged), "snapshot");
            await database.HashSetAsync(KeyOf(Put), "snapshot", Encoding.UTF8.GetBytes("nor is this"));
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
            // What a later version was told, after the snapshot that this one took when it stopped.
            long last = (long)await database.HashGetAsync(KeyOf(unknown), "last");
            Assert.Equal(0, await database.ListLengthAsync(TailOf(unknown)));
            await database.ListRightPushAsync(TailOf(unknown), MessagePackSerializer.Serialize(
                new MachineRecord { Writer = Guid.NewGuid(), Number = 1, Payload = Encoding.UTF8.GetBytes(Fold) }, WireFormat.Options));
            await database.HashSetAsync(KeyOf(unknown), "last", last + 1);
            // Its records were evicted.
            await database.HashIncrementAsync(KeyOf(torn), "last", 3);
            unknownBefore = await StoredAsync(database, unknown);
        }

        await using RunningSilo second = RunningSilo.Start(seat, settings);
        await second.UntilReadyAsync(1);
        await second.UntilSaysAsync($"campaign/{damaged}: its snapshot cannot be read");
        await second.UntilSaysAsync($"campaign/{Put}: its snapshot cannot be read");
        await second.UntilSaysAsync(
            $"campaign/{later}: its snapshot has format {MachineSnapshot.NewestFormat + 1}; this program reads up to");
        await second.UntilSaysAsync(
            $"Machine campaign/{unknown} is not opened here, and stays in the store as it is: campaign/{unknown}: record ");
        await second.UntilSaysAsync($"campaign/{torn}: its state in Redis is torn: ");
        HashSet<long> winners = [.. (await WinnersAsync(client)).Select(ad => ad.CampaignId)];
        Assert.True(winners.Count > 2, $"only campaigns {string.Join(", ", winners)} win");
        Assert.DoesNotContain(winners, broken.Contains);
        // Their events are not lost: they are kept until somebody has mended them.
        foreach (AdsPlaced ad in placed.Take(4))
        {
            FeedbackResult told = await client.SendEventAsync(AdFeedback.Impression(ad));
            Assert.Equal(("pending", 0m), (told.Outcome, told.Charged));
        }
        await using ConnectionMultiplexer again = await redis.ConnectAsync();
        Assert.Equal(unknownBefore, await StoredAsync(again.GetDatabase(), unknown));
        Assert.Contains(FailingOf(damaged, 1), await second.GetAsync("metrics"), StringComparison.Ordinal);

        await again.GetDatabase().HashSetAsync(KeyOf(damaged), "snapshot", sound);

        // The event that waits for it opens it.
        await second.UntilAsync(
            async () => (await second.GetAsync("metrics")).Contains(FailingOf(damaged, 0), StringComparison.Ordinal), "it goes on");
        Assert.Contains(FailingOf(Put, 1), await second.GetAsync("metrics"), StringComparison.Ordinal);
    }

    private static string FailingOf(long campaign, int value) =>
        $"recall_background_failing{{part=\"campaign {campaign}\"}} {value}";

    /// <summary>All that is stored of a campaign, as texts.</summary>
    private static async Task<string[]> StoredAsync(IDatabase database, long campaign)
    {
        HashEntry[] head = await database.HashGetAllAsync(KeyOf(campaign));
        RedisValue[] tail = await database.ListRangeAsync(TailOf(campaign));
        return
        [
            .. head.Select(field => $"{field.Name}: {Convert.ToHexString((byte[])field.Value!)}").Order(StringComparer.Ordinal),
            .. tail.Select(record => Convert.ToHexString((byte[])record!)),
        ];
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

    private static RedisKey TailOf(long campaign) => $"{KeyOf(campaign)}/tail";
}
