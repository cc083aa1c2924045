using System.Diagnostics;
using RecallCluster.AdServer;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.State;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>How a served day went beside its books.</summary>
/// <param name="Outcome">What it left behind.</param>
/// <param name="SecondsAway">Real time from the kill until all was as before.</param>
/// <param name="FailuresElsewhere">Requests that got no answer at another time.</param>
/// <param name="Seconds">Real time of the day.</param>
/// <param name="Cluster">What the cluster did; null where there is none.</param>
internal sealed record ServedDayResult(
    DemoOutcome Outcome, double SecondsAway, int FailuresElsewhere, double Seconds, DemoCluster? Cluster);

/// <summary>
/// One day of the closed loop over HTTP: the front door, or one of several, is a process that is killed with SIGKILL on the way and started
/// again, while the ad server goes on asking, and goes on telling what it has to tell until a door has it.
/// </summary>
internal sealed class ServedDay(
    DemoFiles files, TrafficWorld traffic, IReadOnlyDictionary<long, CampaignPlan> plans, IServedMarket market)
{
    private const int Starts = 4;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    /// <summary>Business seconds that pass in a real second.</summary>
    public required double Speed { get; init; }

    /// <summary>
    /// Real time that the market has to start in before the day begins; where it takes longer it is started again, with twice the time.
    /// </summary>
    public required TimeSpan TimeToStart { get; init; }

    /// <summary>Name of the bid controller.</summary>
    public required string Controller { get; init; }

    /// <summary>Share of the day's requests after which a process is killed.</summary>
    public double KillAt { get; init; } = 0.55;

    public async Task<ServedDayResult> PlayAsync(
        IReadOnlyList<TrafficRequest> requests, DateTimeOffset dayStart, IStages stages, CancellationToken cancellation)
    {
        await using (market.ConfigureAwait(false))
        {
            RunningClock clock;
            using (stages.Begin(market.Opening))
                clock = await OpenAsync(dayStart, cancellation).ConfigureAwait(false);
            using IStage stage = stages.Begin("A day over HTTP, with a kill -9 on the way");
            MarketDoors doors = market.OpenDoors();
            PublisherBooks books;
            (DateTimeOffset From, DateTimeOffset To) away = default;
            long start = Stopwatch.GetTimestamp();
            await using (doors.ConfigureAwait(false))
            {
                int killed = 0;
                Task<(DateTimeOffset, DateTimeOffset)>? killing = null;
                var progress = new Relay(share =>
                {
                    stage.Report(share);
                    if (share >= KillAt && Interlocked.Exchange(ref killed, 1) == 0)
                        killing = Task.Run(() => market.KillOneAsync(cancellation), cancellation);
                });
                try
                {
                    books = await new Publisher(
                        traffic, doors, clock, new PublisherOptions { Close = LoopDay.Close, MaxInFlight = MarketPatience.MostInFlight })
                        .PlayAsync(requests, dayStart, progress, cancellation).ConfigureAwait(false);
                }
                finally
                {
                    // Whatever became of the day: nobody kills or starts anything any more when the market ends.
                    if (killing is not null)
                        await ((Task)killing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
                if (killing is not null)
                    away = await killing.ConfigureAwait(false);
            }
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

            // All that was acknowledged is durable, so that killing everything loses nothing either; and no tick begins another day
            // meanwhile.
            await market.EndAsync(cancellation).ConfigureAwait(false);
            DemoOutcome outcome = await ReadAsync(books, dayStart, cancellation).ConfigureAwait(false);
            int elsewhere = books.Failures.Count(at => at < away.From || at > away.To + Grace);
            return new ServedDayResult(outcome, (away.To - away.From).TotalSeconds, elsewhere, seconds, market.Cluster);
        }
    }

    /// <summary>Starts the market where the history ended, by a clock that comes to the day when it is up.</summary>
    /// <exception cref="TimeoutException">It takes too long, whatever time it is given.</exception>
    private async Task<RunningClock> OpenAsync(DateTimeOffset dayStart, CancellationToken cancellation)
    {
        IReadOnlyList<CampaignSettings> settings = MarketFiles.Settings(traffic, plans.Values, Controller, DateTimeOffset.UnixEpoch);
        TimeSpan patience = TimeToStart;
        for (int start = 0; start < Starts; start++, patience *= 2)
        {
            DemoFiles.CopyState(files.HistoryState, files.State);
            await LoopDay.PrepareAsync(files.State, settings, dayStart, cancellation).ConfigureAwait(false);
            await market.PrepareAsync(cancellation).ConfigureAwait(false);
            // The clock has to be known before the door is up.
            var clock = new RunningClock(TimeProvider.System, TimeProvider.System.GetUtcNow(), dayStart - (patience * Speed), Speed);
            await market.StartAsync(clock, cancellation).ConfigureAwait(false);
            if (clock.Now <= dayStart)
                return clock;
            await market.EndAsync(cancellation).ConfigureAwait(false);
        }
        throw new TimeoutException($"The market was not up within {(patience / 2).TotalSeconds:F0} s.");
    }

    /// <summary>Reads the ledgers from the state that was left, as they stood at the end of the day.</summary>
    private async Task<DemoOutcome> ReadAsync(PublisherBooks books, DateTimeOffset dayStart, CancellationToken cancellation)
    {
        var clock = new VirtualClock(dayStart + TimeSpan.FromDays(1) - TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
        ServingState state = await ServingState.OpenAsync(files.State, clock, cancellation: cancellation).ConfigureAwait(false);
        await using (state.ConfigureAwait(false))
            return await LoopDay.OutcomeAsync(books, state, plans, dayStart, cancellation).ConfigureAwait(false);
    }

    private sealed class Relay(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
