using RecallCluster.AdServer;
using RecallCluster.Bidding.Money;
using RecallCluster.Bidding.Replay;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Reports;
using RecallCluster.Serving;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.State;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>One day of the closed loop in this process, in virtual time: as long as its work takes, and the same every time.</summary>
internal sealed class LoopDay
{
    /// <summary>How often, in business time, what happens by the clock happens: leases, reports, ticks, fits.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(10);

    /// <summary>The books close before midnight, so that the ledgers' day is the publisher's: no page is asked for after this.</summary>
    internal static readonly TimeSpan Close = new(23, 15, 0);

    public required DemoFiles Files { get; init; }

    public required TrafficWorld Traffic { get; init; }

    public required UserDirectory Users { get; init; }

    public required int Threads { get; init; }

    /// <summary>The state to begin with and to leave behind.</summary>
    public required string State { get; init; }

    /// <summary>What the campaigns asked for; for the outcome.</summary>
    public required IReadOnlyDictionary<long, CampaignPlan> Plans { get; init; }

    /// <summary>Name of the bid controller.</summary>
    public required string Controller { get; init; }

    /// <summary>Whether probabilities are calibrated.</summary>
    public bool IsCalibrated { get; init; } = true;

    /// <summary>Another retriever in place of the index; null for none. It goes with the day.</summary>
    public RetrieverVersion? Retriever { get; init; }

    /// <summary>Where auctions are written down; null for nowhere.</summary>
    public string? Trace { get; init; }

    /// <summary>
    /// Whether the campaigns want other things than the day before: the settings come on the evening before, so that yesterday, and the
    /// optimum that the day begins with, is judged by them. Else they come at midnight.
    /// </summary>
    public bool IsPlannedAnew { get; init; }

    public async Task<DemoOutcome> PlayAsync(
        IReadOnlyList<TrafficRequest> requests, DateTimeOffset dayStart, IStage stage, CancellationToken cancellation)
    {
        await PrepareAsync(
            State, MarketFiles.Settings(Traffic, Plans.Values, Controller, DateTimeOffset.UnixEpoch),
            IsPlannedAnew ? dayStart - Step : dayStart, cancellation).ConfigureAwait(false);
        using AuctionTraceWriter? trace = Trace is null ? null : new AuctionTraceWriter(Trace);
        var clock = new VirtualClock(dayStart, Step);
        var host = new EmbeddedHost(Threads);
        await using (host.ConfigureAwait(false))
        {
            ClosedLoop loop = await host.OpenLoopAsync(Options(clock, trace), cancellation).ConfigureAwait(false);
            host.Load(new EmbeddedHostOptions
            {
                ModelDirectory = ModelFolders.DeepIn(Files.Models), IndexDirectory = Files.Index, Users = Users,
            });
            if (Retriever is { } other)
                host.Retriever.Publish(other);
            await loop.PassAsync(cancellation).ConfigureAwait(false);
            var door = new InProcessDoor(loop);
            clock.OnStep = async token =>
            {
                await door.SettleAsync().ConfigureAwait(false);
                await loop.PassAsync(token).ConfigureAwait(false);
            };
            PublisherBooks books = await new Publisher(Traffic, door, clock, new PublisherOptions { Close = Close })
                .PlayAsync(requests, dayStart, stage, cancellation).ConfigureAwait(false);
            await loop.PassAsync(cancellation).ConfigureAwait(false);
            DemoOutcome outcome = await OutcomeAsync(books, loop.State, Plans, dayStart, cancellation).ConfigureAwait(false);
            return outcome with { Latencies = Latencies.Of([.. door.Latencies]) };
        }
    }

    /// <summary>
    /// Gives campaigns their settings while no gateway holds a lease of the day: what is committed when a budget is cut may still be
    /// spent.
    /// </summary>
    /// <param name="path">The state.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="at">When, in business time: a day's first instant, or one before.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task PrepareAsync(
        string path, IReadOnlyList<CampaignSettings> settings, DateTimeOffset at, CancellationToken cancellation)
    {
        var clock = new VirtualClock(at, TimeSpan.FromDays(1));
        ServingState state = await ServingState.OpenAsync(path, clock, cancellation: cancellation).ConfigureAwait(false);
        await using (state.ConfigureAwait(false))
            await Task.WhenAll(settings.Select(one => state.Campaigns.PutAsync(one, null, cancellation))).ConfigureAwait(false);
    }

    /// <summary>What a day left behind, from the books and the state, which may be in the next day already.</summary>
    public static async Task<DemoOutcome> OutcomeAsync(
        PublisherBooks books, ServingState state, IReadOnlyDictionary<long, CampaignPlan> plans, DateTimeOffset dayStart,
        CancellationToken cancellation)
    {
        var date = DateOnly.FromDateTime(dayStart.UtcDateTime);
        IReadOnlyList<CampaignView> views = await state.Campaigns.ListAsync(0, int.MaxValue, cancellation).ConfigureAwait(false);
        var days = new Dictionary<long, CampaignDayReport>();
        var ledgers = new Dictionary<long, DayAccount>();
        var counted = new Dictionary<long, CountedEvents>();
        foreach (CampaignView view in views)
        {
            IReadOnlyList<CampaignDayReport> reports = await state.Campaigns.ReportsAsync(view.Settings.Id, cancellation)
                .ConfigureAwait(false);
            if (reports.LastOrDefault(report => report.Date == date) is { } report)
                days.Add(view.Settings.Id, report);
            if (view.Days.LastOrDefault(account => account.Day.Date == date) is { } account)
                ledgers.Add(view.Settings.Id, account);
            counted.Add(view.Settings.Id, CountedEvents.Of([.. view.Days.Where(day => day.Day.Date >= date)]));
        }
        return new DemoOutcome(books, plans, ledgers, days, counted);
    }

    private ClosedLoopOptions Options(VirtualClock clock, AuctionTraceWriter? trace) => new()
    {
        MarketDirectory = Files.Data,
        StateFile = State,
        BusinessClock = clock,
        Trace = trace,
        State = new ServingStateOptions
        {
            Calibration = new CalibrationOptions
            {
                Calibrator = new CalibratorSettings { FewestNewClicks = IsCalibrated ? 20 : int.MaxValue },
            },
        },
    };
}
