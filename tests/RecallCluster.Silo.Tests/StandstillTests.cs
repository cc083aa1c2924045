using System.Net;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests;

/// <summary>What a door does when its process has stood still, as on a frozen machine.</summary>
public sealed class StandstillTests
{
    // Longer than others need to declare a silo dead.
    private static readonly TimeSpan Frozen = TimeSpan.FromSeconds(4);

    [RedisFact]
    public async Task Its_door_sends_requests_elsewhere_for_a_moment_and_then_answers_again()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        using var market = new ServedMarket();
        using var door = new DoorCaller();
        await using RunningSilo silo = RunningSilo.Start(
            SiloSeat.Of("one", redis.Address, "gateway,retrieval,control"),
            // It turns nobody away because the machine is slow.
            [.. market.Settings, .. door.Settings, "--http:latencySeconds=60", "--http:queueSeconds=60"]);
        await silo.UntilReadyAsync(1);
        // Before it is looked at: one that is asked later may find the moment over.
        Task<HttpStatusCode> refused = UntilRefusedAsync(door);

        do
        {
            silo.Freeze();
            await Task.Delay(Frozen);
            silo.Thaw();
        }
        // Whoever asks may have missed the moment, too.
        while (await Task.WhenAny(refused, Task.Delay(Frozen)) != refused);

        await silo.UntilSaysAsync("The process stood still for ");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await refused);
        await silo.UntilReadyAsync(1);
        Assert.NotEmpty(await door.WinAsync(1));
    }

    private static async Task<HttpStatusCode> UntilRefusedAsync(DoorCaller door)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (true)
        {
            patience.Token.ThrowIfCancellationRequested();
            (HttpStatusCode status, _) = await door.AskAsync("ann");
            if (status != HttpStatusCode.OK)
                return status;
        }
    }
}
