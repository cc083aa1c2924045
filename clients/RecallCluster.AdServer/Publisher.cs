using System.Diagnostics;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.AdServer;

/// <summary>
/// Plays a publisher's day: asks a door for the ads of every page when its time comes, shows them to simulated users, and tells what
/// they did,
/// some of it twice and in the wrong order, as the real world does.
/// <code>
///  requests by their times ─► door ─► ads ─► what users do ─► events by their times ─► door ─► books
/// </code>
/// </summary>
public sealed class Publisher(TrafficWorld traffic, IAdDoor door, IPlayClock clock, PublisherOptions options)
{
    /// <summary>Plays a day, or a part of it. It returns when every event is acknowledged or given up.</summary>
    /// <param name="requests">The requests, in order of time.</param>
    /// <param name="dayStart">Instant of business time at which the requests' day begins.</param>
    /// <param name="progress">Told the share of requests sent.</param>
    /// <param name="cancellation">Ends the day early.</param>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    public async Task<PublisherBooks> PlayAsync(
        IReadOnlyList<TrafficRequest> requests, DateTimeOffset dayStart, IProgress<double>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var books = new PublisherBooks();
        using var agenda = new Agenda(clock, options.MaxInFlight);
        int sent = 0;
        foreach (TrafficRequest request in requests)
        {
            agenda.Add(dayStart + request.Time, async () =>
            {
                await VisitAsync(request, dayStart, books, agenda, cancellation).ConfigureAwait(false);
                progress?.Report((double)Interlocked.Increment(ref sent) / requests.Count);
            }, mayOverlap: false);
        }
        await agenda.RunAsync(cancellation).ConfigureAwait(false);
        books.Close();
        return books;
    }

    private async Task VisitAsync(
        TrafficRequest request, DateTimeOffset dayStart, PublisherBooks books, Agenda agenda, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<Delivery> ads;
        try
        {
            ads = await door.AskAsync(request, cancellation).ConfigureAwait(false);
        }
        catch (AdDoorException e)
        {
            books.CountFailure(e.Message, TimeProvider.System.GetUtcNow());
            return;
        }
        books.CountAnswer(ads, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        foreach (Delivery ad in ads)
        {
            var visit = new PageVisit(
                request, ad, traffic.Play(request, ad.Ad, ad.Slot), traffic.ClickProbability(request, ad.Ad, ad.Slot),
                traffic.ConversionProbability(ad.Ad));
            Plan(visit, dayStart, books, agenda);
        }
    }

    /// <summary>Puts the ad's events on the agenda.</summary>
    private void Plan(PageVisit visit, DateTimeOffset dayStart, PublisherBooks books, Agenda agenda)
    {
        AdOutcome outcome = visit.Outcome;
        SeededRandom random = new SeededRandom(options.Seed).Split((ulong)visit.Request.Number).Split((ulong)visit.Delivery.Slot);
        (PageEvent Kind, TimeSpan? After)[] events =
        [
            (PageEvent.Impression, outcome.ShownAfter), (PageEvent.Click, outcome.ClickedAfter),
            (PageEvent.Engagement, outcome.EngagedAfter),
            (PageEvent.Conversion, outcome.ConvertedAfter),
        ];
        foreach ((PageEvent kind, TimeSpan? after) in events)
        {
            if (after is not { } delay || (options.Close is { } close && visit.Request.Time + delay > close))
                continue;
            DateTimeOffset due = dayStart + visit.Request.Time + delay;
            int times = random.NextDouble() < options.DuplicateShare ? 2 : 1;
            for (int time = 0; time < times; time++)
                agenda.Add(due + (options.Reordering * random.NextDouble()), () => TellAsync(visit, kind, books), mayOverlap: true);
        }
    }

    private async Task TellAsync(PageVisit visit, PageEvent kind, PublisherBooks books)
    {
        Acknowledgement acknowledged = await door.TellAsync(visit.Delivery, kind, kind == PageEvent.Engagement ? visit.Outcome.Signals : [])
            .ConfigureAwait(false);
        books.Count(visit, kind, acknowledged);
    }
}
