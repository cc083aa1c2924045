using System.Diagnostics;
using RecallCluster.AdServer;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Replay;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Data;
using RecallCluster.Numerics;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Hosting;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// The demonstration's market, day by day:
/// <code>
/// a day with loose budgets ─► traced auctions ─► plans: budgets and limits that bind ─► a first day ─► the day, served ─► outcome
///                                 calibration, users, yesterday's optima: the state ◄──────┘    └─► thinner days, one part off
/// </code>
/// </summary>
internal sealed class DemoMarketplace(DemoOptions options, DemoFiles files, Dataset dataset, TrafficWorld traffic)
{
    private const double Unlimited = 1e5;
    private const int LooseDay = 0, FirstPlannedDay = 1, MeasuredDay = 2;

    private const double MostSlowness = 4;

    // Nobody spends more than so much of what is within reach, or the campaigns' money would bid prices up beyond what clicks are worth.
    private static readonly CampaignPlanOptions Planning = new()
    {
        Products = [(BidProduct.Click, 0.5), (BidProduct.ClickCtr, 0.35), (BidProduct.ClickCpc, 0.05), (BidProduct.ConversionCpc, 0.1)],
        SmallestBudgetShare = 0.1, LargestBudgetShare = 0.3,
    };

    // Any Thursday will do, as long as a run is like the one before.
    private static readonly DateTimeOffset FirstDay = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly UserDirectory _users = new(dataset);

    // Real seconds of work in a whole day.
    private double _wholeDay;

    /// <summary>Writes ads and campaigns into the data-set directory, with budgets that do not bind.</summary>
    public void Write()
    {
        MarketFiles.WriteAds(files.Data, traffic);
        AdsDirectory.WriteCampaigns(files.Data, MarketFiles.Settings(traffic, LoosePlans(), "fb", DateTimeOffset.UnixEpoch));
    }

    /// <summary>How many of the campaigns are bound by their budget and by a KPI, in the market as it was planned.</summary>
    public DemoBounds Bounds { get; private set; } = new(0, 0);

    /// <summary>Plays a day with loose budgets, plans the campaigns on it, and plays a first day with the plans.</summary>
    public async Task<CampaignPlan[]> PlanAsync(IStages stages, CancellationToken cancellation)
    {
        DemoFiles.RemoveState(files.HistoryState);
        File.Delete(files.HistoryTrace);
        TrafficRequest[] requests = Thin(traffic.Day(LooseDay), options.HistoryRequests, out double share);
        Dictionary<long, CampaignPlan> loose = LoosePlans().ToDictionary(plan => plan.Id);
        using (IStage stage = stages.Begin("A day with loose budgets"))
        {
            await Day(loose, files.HistoryState, "fb", trace: files.HistoryTrace)
                .PlayAsync(requests, DayStart(LooseDay), stage, cancellation).ConfigureAwait(false);
        }
        CampaignPlan[] plans = stages.Run("Plan the campaigns", () =>
        {
            // In the first half probabilities were not calibrated yet, or hardly.
            TracedAuction[] auctions = AuctionTraceReader.Read(files.HistoryTrace);
            DateTimeOffset calibrated = auctions[auctions.Length / 2].At;
            TracedAuction[] kept = [.. auctions.Where(auction => auction.At >= calibrated)];
            double held = share * kept.Length / auctions.Length;
            CampaignPlan[] made = CampaignPlanner.Plan(
                kept, traffic.Campaigns, Planning with { HistoryShare = held }, new SeededRandom(options.Seed).Split(5));
            Bounds = DemoBounds.Of(made, kept, held);
            return made;
        });
        using (IStage stage = stages.Begin("A first day with the plans"))
        {
            TrafficRequest[] first = Thin(traffic.Day(FirstPlannedDay), options.HistoryRequests, out double part);
            long began = Stopwatch.GetTimestamp();
            Dictionary<long, CampaignPlan> parts = plans.ToDictionary(plan => plan.Id, plan => plan.Scaled(part));
            await Day(parts, files.HistoryState, options.Controller, isPlannedAnew: true)
                .PlayAsync(first, DayStart(FirstPlannedDay), stage, cancellation).ConfigureAwait(false);
            double wholeDay = Stopwatch.GetElapsedTime(began).TotalSeconds / part;
            _wholeDay = wholeDay;
        }
        return plans;
    }

    /// <summary>Plays the day that is measured, over HTTP.</summary>
    public Task<ServedDayResult> ServeAsync(CampaignPlan[] plans, IStages stages, CancellationToken cancellation) =>
        Served(plans).PlayAsync(Open(traffic.Day(MeasuredDay)), DayStart(MeasuredDay), stages, cancellation);

    /// <summary>The thinner day with all parts on, then with one after the other off.</summary>
    public async Task<DemoAblation[]> AblateAsync(
        CampaignPlan[] plans, ComparedModels models, WorkerTeam team, IStages stages, CancellationToken cancellation)
    {
        if (options.AblationRequests == 0)
            return [];
        TrafficRequest[] requests = Thin(traffic.Day(MeasuredDay), options.AblationRequests, out double share);
        Dictionary<long, CampaignPlan> thin = plans.ToDictionary(plan => plan.Id, plan => plan.Scaled(share));
        var rows = new List<DemoAblation>();
        DemoOutcome? full = null;
        foreach (string off in DemoAblation.All)
        {
            using IStage stage = stages.Begin($"The day with {off} off");
            DemoFiles.CopyState(files.HistoryState, files.AblationState);

            // What the history taught the calibration is a part of it.
            if (off == DemoAblation.WithoutCalibration)
                DemoFiles.RemoveState(files.AblationState);
            string controller = off == DemoAblation.Controller ? "fb" : options.Controller;
            LoopDay day = Day(thin, files.AblationState, controller, null, off, models, team);
            DemoOutcome outcome = await day.PlayAsync(requests, DayStart(MeasuredDay), stage, cancellation).ConfigureAwait(false);
            DemoChange? change = full is null ? null
                : outcome.Since(full, requests, traffic, samePredictions: off == DemoAblation.Controller);
            rows.Add(new DemoAblation(
                off, requests.Length, outcome.Bidding(Bounds), outcome.Market(traffic), outcome.Calibration(), outcome.Latencies!, change));
            full ??= outcome;
        }
        return [.. rows];
    }

    /// <summary>Serves on and on, with traffic, until told to stop.</summary>
    public async Task ServeOnAsync(CampaignPlan[] plans, Action<Uri> opened, CancellationToken cancellation)
    {
        IServedMarket market = Market();
        await using (market.ConfigureAwait(false))
        {
            await market.PrepareAsync(cancellation).ConfigureAwait(false);
            var clock = new RunningClock(
                TimeProvider.System, TimeProvider.System.GetUtcNow(), DayStart(MeasuredDay + 1), options.Speed / SlownessOf(market));
            await market.StartAsync(clock, cancellation).ConfigureAwait(false);
            opened(options.Address!);
            MarketDoors doors = market.OpenDoors();
            await using (doors.ConfigureAwait(false))
            {
                for (int number = MeasuredDay + 1; !cancellation.IsCancellationRequested; number++)
                {
                    var publisher = new Publisher(
                        traffic, doors, clock, new PublisherOptions { Seed = (ulong)number, Close = TimeSpan.FromDays(1) });
                    await publisher.PlayAsync(traffic.Day(number), DayStart(number), null, cancellation).ConfigureAwait(false);
                }
            }
        }
    }

    private IServedMarket Market() => options.Silos is { } silos
        ? new ClusterMarket(files, silos, options.Address)
        : new EmbeddedMarket(files, options.Threads, options.Address);

    // How much longer the served day takes than it should, for a machine that is slow or busy.
    private double SlownessOf(IServedMarket market) =>
        Math.Clamp(_wholeDay / market.ServedShare / options.DaySeconds, 1, MostSlowness);

    private ServedDay Served(CampaignPlan[] plans)
    {
        IServedMarket market = Market();
        double slowness = SlownessOf(market);
        return new ServedDay(files, traffic, plans.ToDictionary(plan => plan.Id), market)
        {
            Speed = options.Speed / slowness, Controller = options.Controller, TimeToStart = market.TimeToStart * slowness,
        };
    }

    private LoopDay Day(
        IReadOnlyDictionary<long, CampaignPlan> plans, string state, string controller, string? trace = null,
        string off = DemoAblation.Nothing, ComparedModels? models = null, WorkerTeam? team = null, bool isPlannedAnew = false) => new()
        {
            IsPlannedAnew = isPlannedAnew,
            Files = files,
            Traffic = traffic,
            Users = _users,
            Threads = options.Threads,
            State = state,
            Plans = plans,
            Controller = controller,
            Trace = trace,
            IsCalibrated = off != DemoAblation.WithoutCalibration,
            Retriever = off == DemoAblation.GuidedRetrieval ? new TwoTowerShard(dataset, models!, team!).ToVersion("two-tower") : null,
        };

    /// <summary>
    /// All campaigns bid the same for a click: as long as nobody knows what the model's scores mean, interest alone decides what is
    /// shown, and what
    /// is clicked then teaches the calibration.
    /// </summary>
    private CampaignPlan[] LoosePlans() =>
    [
        .. traffic.Campaigns.Select(campaign => new CampaignPlan(
            campaign.Id, BidProduct.Click, PricingModel.Cpm, Unlimited, null, null, options.Traffic.ClickWorth,
            new BidWeights(options.Traffic.ClickWorth))),
    ];

    private static DateTimeOffset DayStart(int day) => FirstDay.AddDays(day);

    private static TrafficRequest[] Open(IEnumerable<TrafficRequest> day) => [.. day.Where(request => request.Time < LoopDay.Close)];

    /// <summary>Every n-th request of a day.</summary>
    private static TrafficRequest[] Thin(TrafficRequest[] day, int wanted, out double share)
    {
        int every = Math.Max(1, (int)Math.Round((double)day.Length / wanted));
        TrafficRequest[] kept = Open(day.Where(request => request.Number % every == 0));
        share = 1.0 / every;
        return kept;
    }
}
