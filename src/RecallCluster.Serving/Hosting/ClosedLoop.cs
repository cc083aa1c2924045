using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// The whole loop in one process: ads and campaigns of a market directory, durable state in one file, the gateway over a retriever.
/// <code>
/// market directory ─► campaigns (new ones only) ─► state file ◄─► campaigns, users, calibration, catalogue edits
///                 └─► catalogue ─► placements ─► shards ◄─┐            │ books        ▲ feedback, leases, reports
///                                                         └── pump ◄───┘              │
///                                      requests ─► gateway ◄── pump        gateway ───┘
/// </code>
/// <see cref="Run"/> starts what happens by the clock; without it <see cref="PassAsync"/> does one round. Disposing stops gracefully:
/// leases are closed, the last reports told, the state file closed. A campaign or an ad that was changed live stays as it was changed when
/// the market directory is read again.
/// </summary>
public sealed class ClosedLoop : IShardLoop
{
    private readonly ClosedLoopOptions _options;
    private readonly LocalMarket _market;
    private readonly GatewayLoop _loop;

    private ClosedLoop(AdRetriever retriever, ServingState state, CatalogueEdits edits, ClosedLoopOptions options, TimeProvider time)
    {
        (_options, State) = (options, state);
        _market = new LocalMarket(
            options.MarketDirectory, state.Directory, edits.Latest, new JournalCatalogueLog(state.Journal), state.Background);
        edits.Changed = edit => _market.Catalogue.Apply(edit);
        var campaigns = new GatewayCampaigns(state.Campaigns);
        var experiments = new ExperimentBoard();
        ExperimentList list = state.ExperimentMachines.List;
        experiments.Publish(list.All);
        // On the journal's writer: requests that begin after a change was acknowledged know of it.
        list.Changed = changed => experiments.Publish(changed.All);
        _loop = new GatewayLoop(
            new GatewayLoopParts
            {
                Retriever = retriever,
                Market = _market,
                Users = state.Users,
                Leases = campaigns,
                Reports = campaigns,
                Experiments = experiments,
                Exposures = state.ExperimentStore,
                Figures = new StateFigures(state),
                Epoch = state.Epoch,
                BusinessClock = state.Clock,
                Time = time,
                Background = state.Background,
            },
            options);
        Experiments = new ExperimentRunner(state.ExperimentStore, state.Clock, isWithoutRanker: options.Ranker is null);
        Campaigns = new LoopCampaigns(state.Campaigns, state.Journal, _market);
        state.Feedback.Settled += _loop.Gateway.Settle;
        state.Feedback.Acknowledged += _loop.Gateway.Acknowledge;
    }

    /// <summary>Answers requests.</summary>
    public IAdGateway Gateway => _loop.Gateway;

    /// <summary>The campaigns.</summary>
    public ICampaigns Campaigns { get; }

    /// <summary>The experiments.</summary>
    public IExperiments Experiments { get; }

    /// <summary>Takes feedback.</summary>
    public IFeedback Feedback => State.Feedback;

    /// <summary>The users.</summary>
    public IUserStore Users => State.Users;

    /// <summary>The ads.</summary>
    public IAdCatalogue Catalogue => _market.Catalogue;

    /// <summary>The versions of the calibrator.</summary>
    public ICalibratorVersions Calibrators => State.Calibrators;

    /// <summary>What is going on.</summary>
    public ILiveView Live => _loop.Live;

    /// <summary>Counts a request that was turned away before it came to the gateway, for the live view.</summary>
    public void NoteShed() => _loop.Gateway.Traffic.Shed();

    /// <summary>The durable state.</summary>
    public ServingState State { get; }

    /// <summary>Opens the loop: state as it was, campaigns of the market directory that are new, its ads.</summary>
    /// <param name="retriever">Finds ads; it stays with the caller.</param>
    /// <param name="options">What is sold and how.</param>
    /// <param name="time">Real time.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">A file is missing, or the state file is in use.</exception>
    /// <exception cref="InvalidDataException">A file is broken; the message names the place.</exception>
    public static async Task<ClosedLoop> OpenAsync(
        AdRetriever retriever, ClosedLoopOptions options, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(retriever);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        IReadOnlyList<CampaignSettings> campaigns = AdsDirectory.ReadCampaigns(options.MarketDirectory);
        var edits = new CatalogueEdits();
        ServingState state = await ServingState.OpenAsync(
            options.StateFile, options.BusinessClock, options.State, machines => machines.Add(CatalogueEdits.Key, edits),
            cancellation).ConfigureAwait(false);
        try
        {
            await Task.WhenAll(campaigns.Where(c => state.Directory.NumberOf(c.Id) < 0).Select(
                c => PutNewAsync(state, c, options.MarketDirectory, cancellation))).ConfigureAwait(false);
            // The book with all of them was asked for before this.
            await state.Journal.ReadAsync(() => true, cancellation).ConfigureAwait(false);
            var loop = new ClosedLoop(retriever, state, edits, options, time ?? TimeProvider.System);
            await loop._loop.KeepAsync(cancellation).ConfigureAwait(false);
            return loop;
        }
        catch
        {
            await state.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The shards of all versions that are open.</summary>
    internal IReadOnlyList<LoopShard> ShardsNow => _market.Shards;

    /// <summary>Looks at how much of the value is found; null where that is off.</summary>
    internal ValueRecallSampler? Sampler => _loop.Sampler;

    /// <summary>Answers trials until the first request costs what the next ones do; to be called when the index is open.</summary>
    public Task WarmUpAsync(CancellationToken cancellation = default) => _loop.Gateway.WarmUpAsync(cancellation);

    /// <summary>Starts what happens by the clock: ticks, fits, leases, reports.</summary>
    public void Run()
    {
        State.Run();
        _loop.Run();
    }

    /// <summary>One round of all that <see cref="Run"/> does; when it completes the gateway knows what came of it.</summary>
    public async Task PassAsync(CancellationToken cancellation = default)
    {
        await _loop.SurveyAsync(cancellation).ConfigureAwait(false);
        await _loop.ReportAsync(cancellation).ConfigureAwait(false);
        await _loop.ReportExposuresAsync(cancellation).ConfigureAwait(false);
        await State.PassAsync(cancellation).ConfigureAwait(false);
        await _loop.KeepAsync(cancellation).ConfigureAwait(false);
        // Twice: what the first round gives back, the second can ask for.
        await _loop.KeepAsync(cancellation).ConfigureAwait(false);
        long version = await State.Journal.ReadAsync(() => _market.Latest, cancellation).ConfigureAwait(false);
        await _market.WaitForAsync(version, cancellation).ConfigureAwait(false);
    }

    /// <summary>Stops gracefully.</summary>
    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync().ConfigureAwait(false);
        State.Feedback.Settled -= _loop.Gateway.Settle;
        State.Feedback.Acknowledged -= _loop.Gateway.Acknowledge;
        _market.Dispose();
        await State.DisposeAsync().ConfigureAwait(false);
    }

    Task IShardLoop.UseAsync(ClickModel clicks, CancellationToken cancellation) => State.Calibrator.UseAsync(
        (_options.Ranker?.Clicks ?? clicks).Id, State.Clock.GetUtcNow(), cancellation);

    IDisposable IShardLoop.Adopt(LoopShard shard) => _market.Adopt(shard);

    IDisposable IShardLoop.Adopt(NewAdKeeper newAds) => _market.Adopt(newAds);

    private static async Task PutNewAsync(ServingState state, CampaignSettings campaign, string directory, CancellationToken cancellation)
    {
        try
        {
            await state.Campaigns.PutAsync(campaign, 0, cancellation).ConfigureAwait(false);
        }
        catch (InvalidRequestException e)
        {
            string path = Path.Combine(directory, AdsDirectory.CampaignsFile);
            throw new InvalidDataException($"{path}, campaign {campaign.Id}: {e.Message}", e);
        }
    }
}
