using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests;

/// <summary>What a silo does between SIGTERM and its end.</summary>
public sealed class DrainTests
{
    private const string AllRoles = "gateway,retrieval,control";

    [RedisFact]
    public async Task It_says_so_ends_the_request_at_hand_closes_the_door_and_gives_its_leases_back()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        using var market = new ServedMarket();
        using DoorCaller door = new(), other = new();
        // Without a model it opens no gateway, and so takes no leases; doors reach the campaigns by way of it.
        await using RunningSilo home = RunningSilo.Start(
            SiloSeat.Of("home", redis.Address, "gateway,control"), [.. market.MarketSettings, .. ServedMarket.Patient]);
        await using RunningSilo gateway = RunningSilo.Start(
            SiloSeat.Of("gate", redis.Address, "gateway,retrieval"),
            [.. market.Settings, .. door.Settings, .. ServedMarket.Patient, "--silo:drainSeconds=300"]);
        // It tells of the campaigns when the gateway has gone.
        await using RunningSilo alone = RunningSilo.Start(
            SiloSeat.Of("door", redis.Address, "door"), [.. market.MarketSettings, .. other.Settings, .. ServedMarket.Patient]);
        await Task.WhenAll(home.UntilReadyAsync(2), gateway.UntilReadyAsync(2), alone.UntilReadyAsync(2));
        await door.TellAsync(await door.WinAsync(10), "applied");
        await alone.UntilAsync(async () => await other.LeasedAsync() > 0, "telling of leases");
        Assert.Contains("recall_silo_missing{part=\"drain\"} 0", await gateway.GetAsync("metrics"), StringComparison.Ordinal);
        Assert.Contains("recall_silo_members 2", await gateway.GetAsync("metrics"), StringComparison.Ordinal);

        using SlowRequest atHand = await SlowRequest.BeginAsync(door.Address, "v1/candidates");
        Task<int> ended = gateway.TerminateAsync();
        await gateway.UntilAsync(
            async () =>
            {
                await atHand.GoOnAsync();
                return await gateway.ReadAsync() is { } told && told.TryGetProperty("missing", out JsonElement missing)
                    && missing.TryGetProperty("drain", out _);
            },
            "saying that it drains");
        await atHand.GoOnAsync();
        Assert.Contains("recall_silo_missing{part=\"drain\"} 1", await gateway.GetAsync("metrics"), StringComparison.Ordinal);
        await gateway.UntilAsync(
            async () =>
            {
                await atHand.GoOnAsync();
                return !await IsOpenAsync(door.Address);
            },
            "closing its door");

        // The door is shut, and the silo waits for whoever is inside.
        Assert.False(gateway.HasExited);
        string answer = await atHand.EndAsync("{\"user\":{\"id\":\"ann\"},\"k\":5}");
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Contains("\"ads\"", answer, StringComparison.Ordinal);
        Assert.Equal(0, await ended);
        // By themselves they would end half an hour later.
        await alone.UntilAsync(async () => await other.LeasedAsync() == 0, "telling that all leases are back");
        await home.UntilReadyAsync(1);
    }

    [RedisFact]
    public async Task It_ends_though_there_is_no_Redis_to_end_in_order_and_nothing_is_lost()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        using var market = new ServedMarket();
        using var door = new DoorCaller();
        SiloSeat seat = SiloSeat.Of("one", redis.Address, AllRoles);
        string[] settings =
            [.. market.Settings, .. door.Settings, .. ServedMarket.Patient, "--silo:noticeSeconds=0", "--silo:drainSeconds=1"];
        await using (RunningSilo silo = RunningSilo.Start(seat, settings))
        {
            await silo.UntilReadyAsync(1);
            await door.TellAsync(await door.WinAsync(10), "applied");
            await redis.KillAsync();

            Assert.Equal(1, await silo.TerminateAsync());

            // Notice, drain and five seconds.
            Assert.Contains("did not stop within 6 s and is ended as it is", silo.Output, StringComparison.Ordinal);
        }
        await redis.StartAsync();
        await using RunningSilo again = RunningSilo.Start(seat, settings);
        await again.UntilReadyAsync(1);
        Assert.Equal((10, 10), await door.CountsAsync());
    }

    private static async Task<bool> IsOpenAsync(Uri door)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(door.Host, door.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>A request whose body takes as long as whoever sends it likes.</summary>
    private sealed class SlowRequest : IDisposable
    {
        // More than a door wants of a slow client between two looks at it.
        private const int Blanks = 4_096;

        private readonly TcpClient _client = new();

        /// <summary>Begins it, and waits until the door has begun to read it.</summary>
        public static async Task<SlowRequest> BeginAsync(Uri door, string path)
        {
            var request = new SlowRequest();
            await request._client.ConnectAsync(door.Host, door.Port);
            await request.SendAsync(
                $"POST /{path} HTTP/1.1\r\nHost: {door.Authority}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
                + "Expect: 100-continue\r\nConnection: close\r\n\r\n");
            byte[] answer = new byte[64];
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            int length = await request._client.GetStream().ReadAsync(answer, patience.Token);
            Assert.StartsWith("HTTP/1.1 100", Encoding.ASCII.GetString(answer, 0, length), StringComparison.Ordinal);
            return request;
        }

        /// <summary>Sends some more that means nothing.</summary>
        public Task GoOnAsync() => ChunkAsync(new string(' ', Blanks));

        /// <summary>Sends the body.</summary>
        /// <returns>The answer.</returns>
        public async Task<string> EndAsync(string body)
        {
            await ChunkAsync(body);
            await SendAsync("0\r\n\r\n");
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            using var reader = new StreamReader(_client.GetStream());
            return await reader.ReadToEndAsync(patience.Token);
        }

        public void Dispose() => _client.Dispose();

        private Task ChunkAsync(string text) => SendAsync($"{text.Length:x}\r\n{text}\r\n");

        private async Task SendAsync(string text) => await _client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text));
    }
}
