using RecallCluster.AdServer;
using RecallCluster.Simulation;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Tests;

public class FailoverAdDoorTests
{
    private static readonly Delivery Shown = new(1, 2, 0, 0.1, 0.1, 0, "handle");

    private static readonly TrafficRequest Request = new TrafficWorld(
        new SyntheticWorld(SyntheticWorldOptions.Tiny), new TrafficOptions { Campaigns = 3, RequestsPerDay = 5 }).Day(0)[0];

    [Fact]
    public async Task Requests_take_turns_and_pass_by_a_door_that_failed()
    {
        FakeDoor[] doors = [new(), new() { Fails = true }, new()];
        var all = new FailoverAdDoor(doors, TimeProvider.System, TimeSpan.Zero);

        for (int i = 0; i < 6; i++)
            Assert.Single(await all.AskAsync(Request, default));

        Assert.Equal(6, doors[0].Asked + doors[2].Asked);
        Assert.True(doors[0].Asked > 0 && doors[2].Asked > 0);
        Assert.InRange(doors[1].Asked, 1, 6);
    }

    [Fact]
    public async Task An_event_that_one_door_loses_is_told_to_another_and_is_lost_only_where_all_lose_it()
    {
        FakeDoor[] doors = [new() { Fails = true }, new()];
        var all = new FailoverAdDoor(doors, TimeProvider.System, TimeSpan.Zero);
        for (int i = 0; i < 4; i++)
            Assert.Equal(EventFate.Applied, (await all.TellAsync(Shown, PageEvent.Impression, [])).Fate);
        Assert.Equal(4, doors[1].Told);

        doors[1].Fails = true;

        Assert.Equal(EventFate.Lost, (await all.TellAsync(Shown, PageEvent.Impression, [])).Fate);
        await Assert.ThrowsAsync<AdDoorException>(() => all.AskAsync(Request, default));
    }

    private sealed class FakeDoor : IAdDoor
    {
        public bool Fails { get; set; }

        public int Asked { get; private set; }

        public int Told { get; private set; }

        public Task<IReadOnlyList<Delivery>> AskAsync(TrafficRequest request, CancellationToken cancellation)
        {
            Asked++;
            return Fails ? throw new AdDoorException("down") : Task.FromResult<IReadOnlyList<Delivery>>([Shown]);
        }

        public Task<Acknowledgement> TellAsync(Delivery delivery, PageEvent kind, double[] signals)
        {
            Told += Fails ? 0 : 1;
            return Task.FromResult(new Acknowledgement(Fails ? EventFate.Lost : EventFate.Applied, 0));
        }
    }
}
