using System.Collections.Concurrent;
using RecallCluster.AdServer;
using RecallCluster.Simulation;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Client.Tests;

public class PublisherTests
{
    private static readonly TrafficWorld Traffic = new(
        new SyntheticWorld(SyntheticWorldOptions.Tiny), new TrafficOptions { Campaigns = 5, RequestsPerDay = 400, Attention = 1 });

    [Fact]
    public async Task Books_hold_what_the_door_acknowledged()
    {
        var door = new FakeDoor(applyOnce: true);

        PublisherBooks books = await PlayAsync(door, new PublisherOptions { DuplicateShare = 0.5 });

        Assert.Equal((400, 400, 0), (books.Requests, books.Delivered, books.Unanswered));
        Assert.Equal(door.Events.Count, books.Sent);
        Assert.Equal(door.Events.Distinct().Count(), books.Applied);
        Assert.Equal(books.Sent - books.Applied, books.Duplicates);
        Assert.InRange(books.Duplicates, 0.4 * books.Applied, 0.6 * books.Applied);
        Assert.Equal(books.Campaigns.Values.Sum(page => page.Impressions), books.Shown.Count);
        Assert.Equal(books.Campaigns.Values.Sum(page => page.Clicks), books.Shown.Count(ad => ad.Clicked));
        Assert.Equal(books.Campaigns.Values.Sum(page => page.Impressions), books.Campaigns.Values.Sum(page => page.Charged));
        Assert.All(books.Campaigns.Values, page => Assert.Equal(page.Charged, page.ChargedByHour[23]));
    }

    [Fact]
    public async Task A_day_plays_alike_every_time()
    {
        FakeDoor one = new(applyOnce: false), other = new(applyOnce: false);

        await PlayAsync(one, new PublisherOptions());
        await PlayAsync(other, new PublisherOptions());

        Assert.Equal(one.Events, other.Events);
    }

    [Fact]
    public async Task Events_of_one_ad_overtake_each_other()
    {
        var door = new FakeDoor(applyOnce: false);

        await PlayAsync(door, new PublisherOptions { Reordering = TimeSpan.FromHours(1), DuplicateShare = 0 });

        Assert.Contains(
            door.Events.GroupBy(happened => happened.Request),
            ad => ad.Select(happened => happened.Kind).ToList() is var kinds && kinds.IndexOf(PageEvent.Click) is >= 0 and var click
                && click < kinds.IndexOf(PageEvent.Impression));
    }

    [Fact]
    public async Task A_door_that_does_not_answer_is_counted()
    {
        PublisherBooks books = await PlayAsync(new FakeDoor(applyOnce: false) { IsShut = true }, new PublisherOptions());

        Assert.Equal((400, 400, 0, "shut"), (books.Requests, books.Unanswered, books.Sent, books.FirstFailure));
    }

    [Fact]
    public async Task Nothing_is_told_after_the_books_close()
    {
        var clock = new StepClock();
        await new Publisher(Traffic, new FakeDoor(applyOnce: false), clock,
            new PublisherOptions { Close = TimeSpan.FromDays(1), Reordering = TimeSpan.Zero })
            .PlayAsync(Traffic.Day(0), DateTimeOffset.UnixEpoch, null, CancellationToken.None);

        Assert.True(clock.Now <= DateTimeOffset.UnixEpoch.AddDays(1));
    }

    [Fact]
    public void A_traffic_file_is_read_as_it_was_written()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var file = new TrafficFile(
            SyntheticWorldOptions.Tiny with { Seed = 9 }, new TrafficOptions { Campaigns = 7, SlotShares = [0.5, 0.25, 0.25] });
        try
        {
            file.Write(path);
            Assert.Equivalent(file, TrafficFile.Read(path), strict: true);
            File.WriteAllText(path, "{");
            Assert.Contains(path, Assert.Throws<InvalidDataException>(() => TrafficFile.Read(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static Task<PublisherBooks> PlayAsync(IAdDoor door, PublisherOptions options) =>
        new Publisher(Traffic, door, new StepClock(), options).PlayAsync(
            Traffic.Day(0), DateTimeOffset.UnixEpoch, null, CancellationToken.None);

    private sealed class StepClock : IPlayClock
    {
        public DateTimeOffset Now { get; private set; }

        public bool IsSequential => true;

        public Task WaitUntilAsync(DateTimeOffset due, CancellationToken cancellation)
        {
            Now = due > Now ? due : Now;
            return Task.CompletedTask;
        }
    }

    /// <summary>Shows every user the same ad of campaign 1, and charges impressions.</summary>
    private sealed class FakeDoor(bool applyOnce) : IAdDoor
    {
        private readonly ConcurrentDictionary<(int Request, PageEvent Kind), bool> _seen = new();

        public bool IsShut { get; init; }

        public List<(int Request, PageEvent Kind)> Events { get; } = [];

        public Task<IReadOnlyList<Delivery>> AskAsync(TrafficRequest request, CancellationToken cancellation) => IsShut
            ? throw new AdDoorException("shut")
            : Task.FromResult<IReadOnlyList<Delivery>>(
                [new Delivery(1, Enumerable.Range(0, 1_000).MaxBy(ad => Traffic.ClickProbability(request, ad, 0)), 0, 0.1, 0.1, 0,
                    request.Number)]);

        public Task<Acknowledgement> TellAsync(Delivery delivery, PageEvent kind, double[] signals)
        {
            Events.Add(((int)delivery.Handle, kind));
            EventFate fate = _seen.TryAdd(((int)delivery.Handle, kind), true) || !applyOnce ? EventFate.Applied : EventFate.Duplicate;
            return Task.FromResult(new Acknowledgement(fate, fate == EventFate.Applied && kind == PageEvent.Impression ? 1 : 0));
        }
    }
}
