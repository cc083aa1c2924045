using System.Security.Cryptography;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Gateway;
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
/// leases are closed, the last reports told, the state file closed. A campaign or an ad that was changed live stays as it was changed when the
/// market directory is read again.
/// </summary>
public sealed class ClosedLoop : IAsyncDisposable
{
    private readonly ClosedLoopOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _shardsLock = new();
    private readonly PublicationPump _pump;
    private readonly AdGateway _gateway;
    private readonly AdCatalogue _catalogue;
    private readonly LiveView _live;
    private readonly ValueRecallSampler? _sampler;
    private List<LoopShard> _shards = [];
    private Task _running = Task.CompletedTask;

    private ClosedLoop(AdRetriever retriever, ServingState state, CatalogueEdits edits, ClosedLoopOptions options, TimeProvider time)
    {
        (_options, _time, State) = (options, time, state);
        var numbers = new CampaignNumbers();
        foreach (CampaignSettings campaign in state.Directory.Current.Settings)
            numbers.Of(campaign.Id);
        _catalogue = new AdCatalogue(numbers, AdsDirectory.ReadAds(options.MarketDirectory), new JournalCatalogueLog(state.Journal));
        foreach (CatalogueEdit edit in edits.Latest)
            _catalogue.Apply(edit);
        edits.Changed = _catalogue.Apply;
        _sampler = options.ValueRecallShare > 0
            ? new ValueRecallSampler(retriever, () => Volatile.Read(ref _shards), options.ValueRecallShare, time, state.Background) : null;
        _gateway = new AdGateway(
            new GatewayParts
            {
                Retriever = retriever,
                Catalogue = _catalogue,
                Users = state.Users,
                Ranker = options.Ranker,
                Trace = options.Trace,
                Sampler = _sampler,
                Leases = new CampaignLeases(state.Campaigns),
                Epoch = state.Epoch,
                // Wins of two lives must not share ids, and nobody shall guess them.
                Random = new SeededRandom(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)))),
                Time = time,
                BusinessClock = state.Clock,
            },
            options.Gateway);
        _live = new LiveView(state, _gateway, retriever, _sampler, state.Clock, () => Volatile.Read(ref _shards));
        _pump = new PublicationPump(Use, failure => state.Background.Report("gateway", failure));
        Campaigns = new LoopCampaigns(state.Campaigns, state.Journal, _pump);
        state.Directory.Published += _pump.Put;
        state.Feedback.Settled += _gateway.Settle;
        state.Feedback.Acknowledged += _gateway.Acknowledge;
    }

    /// <summary>Answers requests.</summary>
    public IAdGateway Gateway => _gateway;

    /// <summary>The campaigns.</summary>
    public ICampaigns Campaigns { get; }

    /// <summary>Takes feedback.</summary>
    public IFeedback Feedback => State.Feedback;

    /// <summary>The users.</summary>
    public IUserStore Users => State.Users;

    /// <summary>The ads.</summary>
    public IAdCatalogue Catalogue => _catalogue;

    /// <summary>What is going on.</summary>
    public ILiveView Live => _live;

    /// <summary>Counts a request that was turned away before it came to the gateway, for the live view.</summary>
    public void NoteShed() => _gateway.Traffic.Shed();

    /// <summary>The durable state.</summary>
    public ServingState State { get; }

    /// <summary>Why the background's work failed last; null when it did not.</summary>
    public Exception? LastFailure { get; private set; }

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
            loop.Use(state.Directory.Current);
            await loop._gateway.KeepAsync(cancellation).ConfigureAwait(false);
            return loop;
        }
        catch
        {
            await state.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The shards of all versions that are open.</summary>
    internal IReadOnlyList<LoopShard> ShardsNow => Volatile.Read(ref _shards);

    /// <summary>Looks at how much of the value is found; null where that is off.</summary>
    internal ValueRecallSampler? Sampler => _sampler;

    /// <summary>Answers trials until the first request costs what the next ones do; to be called when the index is open.</summary>
    public Task WarmUpAsync(CancellationToken cancellation = default) => _gateway.WarmUpAsync(cancellation);

    /// <summary>Starts what happens by the clock: ticks, fits, leases, reports.</summary>
    public void Run()
    {
        State.Run();
        _running = Task.WhenAll(
            Task.Run(() => RepeatAsync(_options.KeepInterval, _time, "leases", () => _gateway.KeepAsync(_stop.Token))),
            Task.Run(() => RepeatAsync(_options.ReportInterval, State.Clock, "reports", () => ReportAsync(_stop.Token))));
    }

    /// <summary>One round of all that <see cref="Run"/> does; when it completes the gateway knows what came of it.</summary>
    public async Task PassAsync(CancellationToken cancellation = default)
    {
        await ReportAsync(cancellation).ConfigureAwait(false);
        await State.PassAsync(cancellation).ConfigureAwait(false);
        await _gateway.KeepAsync(cancellation).ConfigureAwait(false);
        // Twice: what the first round gives back, the second can ask for.
        await _gateway.KeepAsync(cancellation).ConfigureAwait(false);
        long version = await State.Journal.ReadAsync(() => _pump.Latest, cancellation).ConfigureAwait(false);
        await _pump.WaitForAsync(version, cancellation).ConfigureAwait(false);
    }

    /// <summary>Stops gracefully.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        if (_sampler is not null)
            await _sampler.DisposeAsync().ConfigureAwait(false);
        try
        {
            await _gateway.StopAsync(CancellationToken.None).ConfigureAwait(false);
            await ReportAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            // A disk that is full now must not keep the file open; leases come back when their windows close.
            LastFailure = e;
            State.Background.Failed("stop", e);
        }
        State.Feedback.Settled -= _gateway.Settle;
        State.Feedback.Acknowledged -= _gateway.Acknowledge;
        State.Directory.Published -= _pump.Put;
        await State.DisposeAsync().ConfigureAwait(false);
        _gateway.Dispose();
        _stop.Dispose();
    }

    /// <summary>Requests will be answered with this click model, unless a ranker has the last word: calibration is of it from now on.</summary>
    internal Task UseAsync(ClickModel clicks, CancellationToken cancellation) => State.Calibrator.UseAsync(
        (_options.Ranker?.Clicks ?? clicks).Id, State.Clock.GetUtcNow(), cancellation);

    /// <summary>Gives a shard of a version that is about to be published placements and bids, now and whenever they change.</summary>
    /// <returns>To be disposed before the shard's index is closed.</returns>
    internal IDisposable Adopt(LoopShard shard)
    {
        IDisposable tracking = _catalogue.Track(
            shard.Version, shard.Index.Count, shard.Index.IdOf, shard.OrdinalOf, shard.Shard.Publish);
        lock (_shardsLock)
        {
            shard.Shard.Publish(State.Directory.Current.Book);
            Volatile.Write(ref _shards, [.. _shards, shard]);
        }
        return new Adoption(this, shard, tracking);
    }

    /// <summary>Lets the shards of a version, which were adopted, hold the catalogue's ads that its indexes do not know.</summary>
    /// <returns>To be disposed before the indexes are closed, and before the shards' adoptions.</returns>
    internal IDisposable Adopt(NewAdKeeper newAds)
    {
        newAds.Start(_catalogue, State.Background);
        return newAds;
    }

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

    private void Use(PublishedCampaigns published)
    {
        // New campaigns are the last ones: numbers are never given anew.
        foreach (CampaignSettings campaign in published.Settings.Skip(_catalogue.Numbers.Count))
            _catalogue.Numbers.Of(campaign.Id);
        lock (_shardsLock)
        {
            foreach (LoopShard shard in _shards)
                shard.Shard.Publish(published.Book);
        }
        _gateway.Publish(published);
    }

    private async Task ReportAsync(CancellationToken cancellation)
    {
        IReadOnlyDictionary<long, BidReport> reports = _gateway.CollectReports();
        await Task.WhenAll(reports.Select(
            report => State.Campaigns.ReportAsync(report.Key, report.Value, cancellation))).ConfigureAwait(false);
    }

    private async Task RepeatAsync(TimeSpan period, TimeProvider clock, string part, Func<Task> work)
    {
        using var timer = new PeriodicTimer(period, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
                await TryAsync(part, work).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
    }

    // Trouble now, such as a full disk, is no reason never to try again.
    private async Task TryAsync(string part, Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
            State.Background.Succeeded(part);
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            LastFailure = e;
            State.Background.Failed(part, e);
        }
    }

    private sealed class Adoption(ClosedLoop loop, LoopShard shard, IDisposable tracking) : IDisposable
    {
        public void Dispose()
        {
            tracking.Dispose();
            lock (loop._shardsLock)
                Volatile.Write(ref loop._shards, [.. loop._shards.Where(s => s != shard)]);
        }
    }
}
