using RecallCluster.Client;
using RecallCluster.Testing;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>A front door that is killed with SIGKILL while ads are asked for and events are told.</summary>
[Collection(FaultSuite.Name)]
public class CrashingDoorTests(FaultWorld world)
{
    private const int Clients = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [LinuxProcessFact]
    public async Task Killed_again_and_again_under_load_it_loses_nothing_acknowledged_and_counts_nothing_twice()
    {
        // Nobody is to be turned away, however slow the machine is: what is looked for is what gets lost.
        await using var door = new DoorProcess(world, "--queue-ms", "60000");
        await door.StartAsync();
        var books = new AdServerBooks(door);
        for (int life = 1; life <= 3; life++)
        {
            await RunAsync(door, books, async () =>
            {
                await books.AcknowledgedAsync(400 * life);
                await door.KillAsync();
            });
            await door.StartAsync();
        }
        await books.CatchUpAsync();

        await books.AssertBalancedAsync();
        Dictionary<long, CampaignStanding> campaigns = await door.CampaignsAsync();
        Assert.Contains(campaigns.Values, campaign => campaign.Today.Spent > 0);

        await door.RestartAsync();
        await books.AssertBalancedAsync();
        await books.TellAgainAsync();
        await books.AssertBalancedAsync();
    }

    [LinuxProcessFact]
    public async Task What_a_killed_life_had_leased_comes_back_when_its_window_has_closed()
    {
        // A business minute, after which it is looked what is due, is six seconds; what was leased comes back after three minutes at the
        // soonest, by which time it has long been read below.
        await using var door = new DoorProcess(world, "--clock-speed", "10");
        await door.StartAsync();
        // At this speed a lease is one of a few seconds: a door that is slow to answer may hold none just then.
        await Until.TrueAsync(async () => (await door.AskAsync()).Ads.Count > 0);
        for (int id = 1; id <= FaultWorld.Campaigns; id++)
            await door.Admin.ChangeCampaignAsync(id, isPaused: true);

        await door.RestartAsync();
        decimal reserved = (await door.CampaignsAsync()).Values.Sum(campaign => campaign.Today.Leased);
        door.ClockShift = TimeSpan.FromHours(2);
        await door.RestartAsync();

        Assert.True(reserved > 0);
        await Until.TrueAsync(async () => (await door.CampaignsAsync()).Values.All(campaign => campaign.Today.Leased == 0));
        for (int id = 1; id <= FaultWorld.Campaigns; id++)
            await door.Admin.ChangeCampaignAsync(id, isPaused: false);
        await Until.TrueAsync(async () => (await door.AskAsync()).Ads.Count > 0);
    }

    /// <summary>Asks for ads and tells their events, with several clients at once, until the door dies.</summary>
    private static async Task RunAsync(DoorProcess door, AdServerBooks books, Func<Task> kill)
    {
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            for (int request = 0; ; request++)
            {
                AdsAnswer answer;
                try
                {
                    answer = await door.AskAsync(user: $"user{(client * 50) + (request % 50)}");
                }
                catch (HttpRequestException)
                {
                    return;
                }
                catch (RecallException e) when (e.IsTransient)
                {
                    // A door that has just started may have more to do than it can: then it says so at once.
                    await Task.Delay(20);
                    continue;
                }
                await books.ShowAsync(answer.Ads);
            }
        }))];
        // When the door is dead all clients end, perhaps before it is known here to be dead. Clients that failed say why; nobody waits for
        // a kill then that would never come.
        Task killed = kill(), all = Task.WhenAll(clients);
        await Task.WhenAny(killed, all);
        if (all.IsFaulted)
            await all;
        await killed.WaitAsync(Patience);
        await all;
    }
}

/// <summary>Waits for what happens by the clock of another process.</summary>
internal static class Until
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await condition())
            await look.WaitForNextTickAsync(patience.Token);
    }
}
