using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Experiments;
using RecallCluster.Grains.Market;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.State;
using RecallCluster.Wire.Events;

namespace RecallCluster.Grains.Hosting;

/// <summary>
/// The closed loop of a gateway silo: the same gateway as in the embedded edition, its ports being grains. Campaigns that this gateway's
/// wins belong to tell it through <see cref="IGatewayObserver"/> what became of them, whichever door took the event.
/// </summary>
internal sealed class ClusterLoop : IShardLoop, IGatewayObserver
{
    private static readonly TimeSpan ExperimentsPatience = TimeSpan.FromSeconds(5);

    private readonly IGrainFactory _grains;
    private readonly GatewayLoop _loop;
    private readonly FeedbackIntake _feedback;
    private readonly LocalMarket _market;
    private readonly BookReader _book;
    private readonly IGatewayObserver _observer;
    private uint _clicks;
    private bool _disposed;

    private ClusterLoop(
        IGrainFactory grains, AdRetriever retriever, SiloMarket silo, LocalMarket market, GatewayIdentity identity,
        GatewayLoopOptions options, SteadyClock clock, TimeSpan userPatience, Deferral deferral, TimeProvider time)
    {
        (_grains, _market, _book) = (grains, market, silo.Book);
        _observer = grains.CreateObjectReference<IGatewayObserver>(this);
        var campaigns = new GrainCampaigns(grains, silo.Book);
        Users = new GrainUsers(grains, userPatience);
        Campaigns = campaigns;
        var experiments = new GrainExperiments(grains, silo.Experiments);
        Experiments = new ExperimentRunner(experiments, clock, isWithoutRanker: options.Ranker is null);
        var delivery = new GrainDelivery(grains, identity.Number, deferral);
        _feedback = new FeedbackIntake(delivery, clock);
        delivery.CameLate = _feedback.Conclude;
        _loop = new GatewayLoop(
            new GatewayLoopParts
            {
                Retriever = retriever,
                Market = market,
                Users = Users,
                Leases = new GrainLeases(grains, _observer),
                Reports = campaigns,
                Experiments = silo.Experiments.Board,
                Exposures = experiments,
                Figures = new GrainFigures(grains, campaigns, _feedback.Tally),
                Epoch = identity.Epoch,
                BusinessClock = clock,
                Time = time,
                Background = silo.Background,
            },
            options with { Gateway = options.Gateway with { Number = identity.Number } });
        // What concerns another gateway's wins it passes over.
        _feedback.Settled += _loop.Gateway.Settle;
        _feedback.Acknowledged += _loop.Gateway.Acknowledge;
    }

    /// <summary>Answers requests.</summary>
    public AdGateway Gateway => _loop.Gateway;

    /// <summary>The campaigns.</summary>
    public GrainCampaigns Campaigns { get; }

    /// <summary>The experiments.</summary>
    public IExperiments Experiments { get; }

    /// <summary>Takes feedback.</summary>
    public IFeedback Feedback => _feedback;

    /// <summary>The users.</summary>
    public GrainUsers Users { get; }

    /// <summary>The ads.</summary>
    public Serving.Catalogue.IAdCatalogue Catalogue => _market.Catalogue;

    /// <summary>What is going on.</summary>
    public ILiveView Live => _loop.Live;

    /// <summary>Begins a life of this silo's gateway.</summary>
    public static async Task<ClusterLoop> OpenAsync(
        IGrainFactory grains, AdRetriever retriever, SiloMarket silo, SiloNode node, ClusterClock clock, GatewayLoopOptions options,
        Deferral deferral, TimeProvider time, CancellationToken cancellation)
    {
        LocalMarket market = await silo.Ready.WaitAsync(cancellation).ConfigureAwait(false);
        // While the cluster is upgraded there may be no list yet: users are in no experiment then.
        await Task.WhenAny(silo.Experiments.WaitForFirstAsync(cancellation), Task.Delay(ExperimentsPatience, time, cancellation))
            .ConfigureAwait(false);
        GatewayIdentity identity = await GrainCalls.AskAsync(
            grains.GetGrain<IGatewayRegistryGrain>(0).BeginAsync(node.Name), "The gateways' registry", cancellation).ConfigureAwait(false);
        var loop = new ClusterLoop(
            grains, retriever, silo, market, identity, options, new SteadyClock(clock.Business), node.UserPatience, deferral, time);
        try
        {
            await loop._loop.KeepAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            await loop.DisposeAsync().ConfigureAwait(false);
            throw;
        }
        return loop;
    }

    /// <summary>Answers trials until the first request costs what the next ones do.</summary>
    public Task WarmUpAsync(CancellationToken cancellation) => _loop.Gateway.WarmUpAsync(cancellation);

    /// <summary>Starts what happens by the clock.</summary>
    public void Run() => _loop.Run();

    /// <summary>
    /// One round of all that happens by the clock, here and in the grains; when it completes this gateway knows what came of it.
    /// </summary>
    public async Task PassAsync(CancellationToken cancellation)
    {
        IBidBookGrain book = _grains.GetGrain<IBidBookGrain>(0);
        await _loop.SurveyAsync(cancellation).ConfigureAwait(false);
        await _loop.ReportAsync(cancellation).ConfigureAwait(false);
        await _loop.ReportExposuresAsync(cancellation).ConfigureAwait(false);
        await book.TickAsync().WaitAsync(cancellation).ConfigureAwait(false);
        await _grains.GetGrain<ICalibratorGrain>(CalibratorHeads.Click).RunAsync().WaitAsync(cancellation).ConfigureAwait(false);
        await _grains.GetGrain<IActorsGrain>(0).StepAsync().WaitAsync(cancellation).ConfigureAwait(false);
        await _loop.KeepAsync(cancellation).ConfigureAwait(false);
        await _loop.KeepAsync(cancellation).ConfigureAwait(false);
        await KeepUpAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Completes when this gateway knows what the book's grain knows now.</summary>
    public async Task KeepUpAsync(CancellationToken cancellation)
    {
        (Guid life, long version) = await _grains.GetGrain<IBidBookGrain>(0).VersionAsync().WaitAsync(cancellation).ConfigureAwait(false);
        await _book.WaitForAsync(life, version, cancellation).ConfigureAwait(false);
        await _market.WaitForAsync(_market.Latest, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task SettleAsync(SettlementMessage settlement)
    {
        AdEvent happened = WireMap.ToEvent(settlement.Event);
        if (Charging.Settles(happened))
            _loop.Gateway.Settle(happened.Win, new Micros(settlement.Charged));
        if (Charging.Acknowledges(happened))
            _loop.Gateway.Acknowledge(happened);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task UseAsync(ClickModel clicks, CancellationToken cancellation)
    {
        _clicks = clicks.Id;
        return TellModelAsync(cancellation);
    }

    /// <summary>Tells calibration which click model requests are answered with: it forgets that when its grain moves.</summary>
    public Task TellModelAsync(CancellationToken cancellation) =>
        _grains.GetGrain<ICalibratorGrain>(CalibratorHeads.Click).UseAsync(_clicks).WaitAsync(cancellation);

    /// <inheritdoc/>
    public IDisposable Adopt(LoopShard shard) => _market.Adopt(shard);

    /// <inheritdoc/>
    public IDisposable Adopt(NewAdKeeper newAds) => _market.Adopt(newAds);

    /// <summary>Stops gracefully: leases are closed and the last reports told.</summary>
    public async ValueTask DisposeAsync()
    {
        // One that could not be joined to the shards is disposed by who opened it, and by the host that has heard of it already.
        if (Interlocked.Exchange(ref _disposed, true))
            return;
        await _loop.DisposeAsync().ConfigureAwait(false);
        _feedback.Settled -= _loop.Gateway.Settle;
        _feedback.Acknowledged -= _loop.Gateway.Acknowledge;
        _grains.DeleteObjectReference<IGatewayObserver>(_observer);
    }
}

/// <summary>Figures of the grains for the live view.</summary>
internal sealed class GrainFigures(IGrainFactory grains, GrainCampaigns campaigns, FeedbackTally tally) : ILiveFigures
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<CampaignView>> TopAsync(int count, CancellationToken cancellation) =>
        await campaigns.TopAsync(count, cancellation).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<LiveMarket> MarketAsync(CancellationToken cancellation) => ValueTask.FromResult(LiveMarket.Of(tally));

    /// <inheritdoc/>
    public async ValueTask<LiveCalibration> CalibrationAsync(CancellationToken cancellation) => GrainsJson.Read(
        await grains.GetGrain<ICalibratorGrain>(CalibratorHeads.Click).LiveAsync().WaitAsync(cancellation).ConfigureAwait(false),
        GrainsJson.Default.LiveCalibration, "calibration");
}
