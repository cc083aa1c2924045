using System.Net;
using System.Text.Json;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests;

/// <summary>A front door in a process of its own, before two silos and a Redis.</summary>
public sealed class DoorProcessTests
{
    private const string AllRoles = "gateway,retrieval,control", Applied = "applied", Pending = "pending";

    private static readonly object BidRequest = new
    {
        id = "b", imp = new[] { new { id = "1", banner = new { format = new[] { new { w = 300, h = 250 } } } } },
        site = new { domain = "news.example" }, user = new { id = "ann" },
    };

    [RedisFact]
    public async Task It_serves_every_route_and_goes_on_when_a_silo_is_killed()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        using var market = new ServedMarket();
        using DoorCaller firstDoor = new(), secondDoor = new(), door = new();
        await using RunningSilo first = RunningSilo.Start(
            SiloSeat.Of("one", redis.Address, AllRoles), [.. market.Settings, .. firstDoor.Settings, .. ServedMarket.Patient]);
        await using RunningSilo second = RunningSilo.Start(
            SiloSeat.Of("two", redis.Address, AllRoles), [.. market.Settings, .. secondDoor.Settings, .. ServedMarket.Patient]);
        await using RunningSilo alone = RunningSilo.Start(
            SiloSeat.Of("door", redis.Address, "door"), [.. market.MarketSettings, .. door.Settings, .. ServedMarket.Patient]);
        await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2), alone.UntilReadyAsync(2));

        string[] tokens = await door.WinAsync(20);
        await door.TellAsync(tokens, Applied);
        Assert.Equal((20, 20), await door.CountsAsync());
        // A token of this door's is any door's.
        await firstDoor.TellAsync(tokens, "duplicate");
        Assert.Single((await door.PostAsync("openrtb/2.6/bid", BidRequest)).GetProperty("seatbid").EnumerateArray());
        JsonElement candidates = await door.PostAsync("v1/candidates", new { user = new { id = "ann" }, k = 5 });
        Assert.Equal(5, candidates.GetProperty("ads").GetArrayLength());
        await door.UntilGotAsync("v1/live", HttpStatusCode.OK);
        await door.UntilGotAsync($"t/{tokens[1]}", HttpStatusCode.Found);

        await first.KillAsync();
        int inARow = 0;
        await alone.UntilAsync(
            async () => (inARow = (await door.AskAsync($"later{inARow}")).Status == HttpStatusCode.OK ? inARow + 1 : 0) >= 50,
            "answering without the silo that is gone");
        await door.TellAsync(await door.WinAsync(10), Applied, Pending);
        await alone.UntilAsync(async () => await door.CountsAsync() == (30, 30), "through with the stream");
        Assert.Equal(0, await alone.TerminateAsync());
    }

    [RedisFact]
    public async Task It_waits_for_a_gateway_and_says_so()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        using var door = new DoorCaller();
        await using RunningSilo alone = RunningSilo.Start(SiloSeat.Of("door", redis.Address, "door"), door.Settings);
        await alone.UntilAsync(
            async () => await alone.ReadAsync() is { } told && told.TryGetProperty("missing", out JsonElement missing)
                && missing.TryGetProperty("membership", out JsonElement membership)
                && membership.GetString()!.StartsWith("no silo can be reached", StringComparison.Ordinal),
            "saying that it reaches no silo");
        Assert.Equal(0, await alone.TerminateAsync());
    }
}
