using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests;

/// <summary>A front door in a process of its own, before two silos and a Redis.</summary>
public sealed class DoorProcessTests
{
    private const string AllRoles = "gateway,retrieval,control", Patient = "--grains:feedbackSeconds=30";

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
            SiloSeat.Of("one", redis.Address, AllRoles), [.. market.Settings, .. firstDoor.Settings, Patient]);
        await using RunningSilo second = RunningSilo.Start(
            SiloSeat.Of("two", redis.Address, AllRoles), [.. market.Settings, .. secondDoor.Settings, Patient]);
        await using RunningSilo alone = RunningSilo.Start(
            SiloSeat.Of("door", redis.Address, "door"), [.. market.MarketSettings, .. door.Settings, Patient]);
        await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2), alone.UntilReadyAsync(2));

        string[] tokens = await door.WinAsync(20);
        Assert.All(await door.TellAsync(tokens), outcome => Assert.Equal("applied", outcome));
        Assert.Equal((20, 20), await door.CountsAsync());
        // A token of this door's is any door's.
        Assert.All(await firstDoor.TellAsync(tokens), outcome => Assert.Equal("duplicate", outcome));
        using (HttpResponseMessage bid = await door.PostAsync("openrtb/2.6/bid", BidRequest))
            Assert.Single((await bid.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("seatbid").EnumerateArray());
        using (HttpResponseMessage candidates = await door.PostAsync("v1/candidates", new { user = new { id = "ann" }, k = 5 }))
            Assert.Equal(5, (await candidates.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("ads").GetArrayLength());
        using (HttpResponseMessage live = await door.GetAsync("v1/live"))
            Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        using (HttpResponseMessage click = await door.GetAsync($"t/{tokens[1]}"))
            Assert.Equal(HttpStatusCode.Found, click.StatusCode);

        await first.KillAsync();
        int inARow = 0;
        await alone.UntilAsync(
            async () => (inARow = (await door.AskAsync($"later{inARow}")).Status == HttpStatusCode.OK ? inARow + 1 : 0) >= 50,
            "answering without the silo that is gone");
        string[] outcomes = await door.TellAsync(await door.WinAsync(10));
        Assert.All(outcomes, outcome => Assert.Contains(outcome, (string[])["applied", "pending"]));
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
