using System.Diagnostics;
using System.Globalization;
using RecallCluster.AdServer;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Client;
using RecallCluster.Serving.State;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>How a served day went beside its books.</summary>
/// <param name="Outcome">What it left behind.</param>
/// <param name="SecondsAway">Real time from the kill until the door answered again.</param>
/// <param name="FailuresElsewhere">Requests that got no answer while the door was there.</param>
/// <param name="Seconds">Real time of the day.</param>
internal sealed record ServedDayResult(DemoOutcome Outcome, double SecondsAway, int FailuresElsewhere, double Seconds);

/// <summary>
/// One day of the closed loop over HTTP: the front door is a process of its own, killed with SIGKILL on the way and started again, while
/// the ad server goes on asking, and goes on telling what it has to tell until the door has it.
/// </summary>
internal sealed class ServedDay(DemoFiles files, TrafficWorld traffic, IReadOnlyDictionary<long, CampaignPlan> plans, int threads)
{
    // On a machine that trains, serves and plays the market at once a request waits rather than being turned away.
    private const double LatencyTargetMs = 1000, QueueMs = 5000;
    private const int MostInFlight = 8192;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    /// <summary>Business seconds that pass in a real second.</summary>
    public required double Speed { get; init; }

    /// <summary>Real time that the door has to start in before the day begins.</summary>
    public TimeSpan TimeToStart { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Name of the bid controller.</summary>
    public required string Controller { get; init; }

    /// <summary>Where the door listens; null for any port.</summary>
    public Uri? Address { get; init; }

    /// <summary>Share of the day's requests after which the door is killed.</summary>
    public double KillAt { get; init; } = 0.55;

    public async Task<ServedDayResult> PlayAsync(
        IReadOnlyList<TrafficRequest> requests, DateTimeOffset dayStart, IStages stages, CancellationToken cancellation)
    {
        await LoopDay.PrepareAsync(
            files.State, MarketFiles.Settings(traffic, plans.Values, Controller, DateTimeOffset.UnixEpoch), dayStart, cancellation)
                .ConfigureAwait(false);

        // The clock has to be known before the door is up, and the day begins when it is.
        DateTimeOffset origin = TimeProvider.System.GetUtcNow();
        DateTimeOffset before = dayStart - (TimeToStart * Speed);
        var server = new ServerProcess(Arguments(origin, before), Address);
        await using (server.ConfigureAwait(false))
        {
            using (stages.Begin("Open the front door in its own process"))
                await server.StartAsync(cancellation).ConfigureAwait(false);
            using IStage stage = stages.Begin("A day over HTTP, with a kill -9 on the way");
            using var client = new RecallClient(new RecallClientOptions { Door = server.Address, Timeout = TimeSpan.FromSeconds(10) });
            var door = new HttpAdDoor(client);
            PublisherBooks books;
            (DateTimeOffset From, DateTimeOffset To) away = default;
            long start = Stopwatch.GetTimestamp();
            await using (door.ConfigureAwait(false))
            {
                int killed = 0;
                Task<(DateTimeOffset, DateTimeOffset)>? killing = null;
                var progress = new Relay(share =>
                {
                    stage.Report(share);
                    if (share >= KillAt && Interlocked.Exchange(ref killed, 1) == 0)
                        killing = Task.Run(() => KillAndRestartAsync(server, cancellation), cancellation);
                });
                var clock = new RunningClock(TimeProvider.System, origin, before, Speed);
                books = await new Publisher(traffic, door, clock, new PublisherOptions { Close = LoopDay.Close, MaxInFlight = MostInFlight })
                    .PlayAsync(requests, dayStart, progress, cancellation).ConfigureAwait(false);
                if (killing is not null)
                    away = await killing.ConfigureAwait(false);
            }
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

            // All that was acknowledged is durable, so that the second kill loses nothing either; and no tick begins another day meanwhile.
            await server.KillAsync().ConfigureAwait(false);
            DemoOutcome outcome = await ReadAsync(books, dayStart, cancellation).ConfigureAwait(false);
            int elsewhere = books.Failures.Count(at => at < away.From || at > away.To + Grace);
            return new ServedDayResult(outcome, (away.To - away.From).TotalSeconds, elsewhere, seconds);
        }
    }

    /// <summary>Arguments of <c>serve</c> for a clock.</summary>
    public string[] Arguments(DateTimeOffset realOrigin, DateTimeOffset businessOrigin) =>
    [
        "--model", files.Models, "--index", files.Index, "--data", files.Data, "--state", files.State,
        "--threads", Text(threads), "--latency-target", Text(LatencyTargetMs),
        "--queue", Text(MostInFlight), "--queue-ms", Text(QueueMs), "--clock-speed", Text(Speed),
        "--clock-real-origin", realOrigin.ToString("O", CultureInfo.InvariantCulture),
        "--clock-business-origin", businessOrigin.ToString("O", CultureInfo.InvariantCulture),
    ];

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static async Task<(DateTimeOffset From, DateTimeOffset To)> KillAndRestartAsync(ServerProcess server, CancellationToken cancellation)
    {
        DateTimeOffset from = TimeProvider.System.GetUtcNow();
        await server.KillAsync().ConfigureAwait(false);
        await server.StartAsync(cancellation).ConfigureAwait(false);
        return (from, TimeProvider.System.GetUtcNow());
    }

    /// <summary>Reads the ledgers from the state that the door has closed, as they stood at the end of the day.</summary>
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
