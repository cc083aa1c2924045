using System.Net.Sockets;
using System.Runtime.InteropServices;
using RecallCluster.Client;
using RecallCluster.Http.Security;
using RecallCluster.Testing;
using Xunit.Abstractions;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>Clients that take up room: slow ones, idle ones, greedy ones. The others do not notice.</summary>
[Collection(FaultSuite.Name)]
public partial class CrowdTests(FaultWorld world, ITestOutputHelper output)
{
    private const int Idle = 10_000, Requests = 100, OpenFiles = 7;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [LinuxProcessFact]
    public async Task Clients_that_send_a_byte_at_a_time_or_never_read_are_cut_off_and_hold_nobody_up()
    {
        await using var door = new DoorProcess(world);
        await door.StartAsync();
        await using RawHttp slow = await RawHttp.ConnectAsync(door.Address), slowHeaders = await RawHttp.ConnectAsync(door.Address);
        await using RawHttp deaf = await RawHttp.ConnectAsync(door.Address, receiveBuffer: 4096);

        Task drip = DripAsync(
            slow, "POST /v1/ads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n");
        Task dripHeaders = DripAsync(slowHeaders, "GET /healthz HTTP/1.1\r\n");
        Task flood = FloodAsync(deaf);
        Task<int> answered = AnsweredAsync(door, () => drip.IsCompleted && dripHeaders.IsCompleted && flood.IsCompleted);

        // Each of them ends because the door has closed its connection.
        await drip.WaitAsync(Patience);
        await dripHeaders.WaitAsync(Patience);
        await flood.WaitAsync(Patience);
        Assert.True(await answered >= Requests);
    }

    [LinuxProcessFact]
    public async Task Ten_thousand_idle_connections_cost_nobody_an_answer()
    {
        Assert.Equal(0, GetLimit(OpenFiles, out ResourceLimit limit));
        int connections = (int)Math.Min(Idle, limit.Soft < 3_000 ? 1_000 : limit.Soft - 2_000);
        output.WriteLine($"{connections} idle connections; a process may have {limit.Soft} files open.");
        await using var door = new DoorProcess(world);
        await door.StartAsync();
        var idle = new List<Socket>(connections);
        try
        {
            while (idle.Count < connections)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                idle.Add(socket);
                await socket.ConnectAsync(door.Address.Host, door.Address.Port);
            }
            using RecallClient client = door.ClientWith(null);

            for (int i = 0; i < Requests; i++)
                Assert.NotEmpty((await door.AskAsync(user: $"user{i}")).Ads);

            Assert.All(idle, socket => Assert.False(
                socket.Poll(0, SelectMode.SelectRead), "The door closed a connection that was only idle."));
        }
        finally
        {
            idle.ForEach(socket => socket.Dispose());
        }
    }

    [LinuxProcessFact]
    public async Task A_flood_from_one_key_is_turned_away_while_another_key_is_served()
    {
        string file = world.NewState() + ".keys";
        string greedy = ApiKeyFile.AddNew(file, ApiRoles.Serve, requestsPerSecond: 1), modest = ApiKeyFile.AddNew(file, ApiRoles.Serve);
        // Only the keys' limits are to turn anybody away, however slow the machine is.
        await using var door = new DoorProcess(world, "--keys", file, "--queue-ms", "60000");
        await door.StartAsync();
        using RecallClient flood = door.ClientWith(greedy);
        using var other = new RecallClient(new RecallClientOptions { Door = door.Address, ApiKey = modest, Timeout = Patience });
        var request = new AdsRequest { Slots = [new AdsSlot { Id = "s" }] };

        int turnedAway = 0, served = 0;
        Task[] clients = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < Requests; i++)
            {
                try
                {
                    await flood.AdsAsync(request);
                    Interlocked.Increment(ref served);
                }
                catch (RecallException e)
                {
                    // What the key's limit let in may still come at a bad moment.
                    Assert.True(e.Status is 429 or 503, e.Message);
                    if (e.Status == 429)
                        Interlocked.Increment(ref turnedAway);
                }
            }
        }))];
        for (int i = 0; i < Requests; i++)
            await other.AdsAsync(request);
        await Task.WhenAll(clients);

        Assert.True(served > 0, "Not even the first was served.");
        Assert.True(turnedAway > served, $"{turnedAway} were turned away, {served} served.");
    }

    /// <summary>Sends a head, then a byte now and then until the connection is gone.</summary>
    private static async Task DripAsync(RawHttp connection, string head)
    {
        await connection.SendAsync(head);
        Task<int> closed = connection.ReadStatusAsync();
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (!closed.IsCompleted)
        {
            try
            {
                await connection.SendAsync("x");
            }
            catch (SocketException)
            {
                return;
            }
            await pace.WaitForNextTickAsync();
        }
        Assert.Contains(await closed, (int[])[0, 400, 408]);
    }

    /// <summary>Asks without ever reading the answers, until the connection is gone.</summary>
    private static async Task FloodAsync(RawHttp connection)
    {
        try
        {
            while (true)
                await connection.SendAsync("GET /openapi/v1.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        }
        catch (SocketException e)
        {
            Assert.Contains(
                e.SocketErrorCode, (SocketError[])[SocketError.ConnectionReset, SocketError.Shutdown, SocketError.ConnectionAborted]);
        }
    }

    private static async Task<int> AnsweredAsync(DoorProcess door, Func<bool> isOver)
    {
        int answered = 0;
        while (answered < Requests || !isOver())
        {
            await door.AskAsync(count: 1, user: $"user{answered % 100}");
            answered++;
        }
        return answered;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
