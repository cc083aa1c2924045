using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Experiments;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Retrieval.Files;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.NewAds;
using RecallCluster.Wire.Campaigns;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Market;

/// <summary>
/// The market on this silo: the ads of its market directory with the cluster's edits in their one order, and the campaigns as the bid
/// book's grain publishes them. Numbers of campaigns and facets so are the same on every silo. Thread-safe.
/// </summary>
internal sealed partial class SiloMarket : ISiloPart, IAsyncDisposable
{
    private const int MadeAtOnce = 64;

    private readonly SiloNode _node;
    private readonly IGrainFactory _grains;
    private readonly MachineHostOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<SiloMarket> _logger;
    private readonly TaskCompletionSource<LocalMarket> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ReadPlace _edits = new();
    // With the place of the last offer that was heard of it before.
    private readonly ConcurrentDictionary<long, long> _broken = new();
    private Follower? _follower;
    private volatile string? _missing = "the market has not been read yet";

    public SiloMarket(
        SiloNode node, IGrainFactory grains, BookReader book, ExperimentReader experiments, MachineHostOptions options, TimeProvider time,
        ILogger<SiloMarket> logger)
    {
        (_node, _grains, Book, Experiments, _options, _time, _logger) = (node, grains, book, experiments, options, time, logger);
        Book.Published += _ => Mend();
        // Whoever waits for it is told by what it waits with; nobody else shall trip over it.
        _ = _ready.Task.ContinueWith(task => task.Exception, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public string Name => "market";

    /// <summary>The published campaigns.</summary>
    public BookReader Book { get; }

    /// <summary>The experiments.</summary>
    public ExperimentReader Experiments { get; }

    /// <summary>What became of background work on this silo.</summary>
    public BackgroundHealth Background { get; } = new();

    /// <summary>Completes when the market is there.</summary>
    public Task<LocalMarket> Ready => _ready.Task;

    /// <summary>Version of the book in use on this silo; 0 for none.</summary>
    public long BookVersion => Book.Current.Version;

    /// <inheritdoc/>
    public ValueTask<string?> MissingAsync(CancellationToken cancellation) => ValueTask.FromResult(_missing);

    /// <summary>Opens the market: campaigns of the market directory that are new are made, all of them heard of, edits applied.</summary>
    /// <exception cref="InvalidDataException">The market directory is broken; the message names the place.</exception>
    /// <exception cref="IOException">A file is missing.</exception>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        Book.Start();
        Experiments.Start();
        if (_node.MarketDirectory is not { } directory)
        {
            _missing = null;
            return;
        }
        IReadOnlyList<CampaignSettings> campaigns = AdsDirectory.ReadCampaigns(directory);
        IBidBookGrain book = _grains.GetGrain<IBidBookGrain>(0);
        long[] ids = [.. campaigns.Select(campaign => campaign.Id)];
        await book.EnrolAsync(ids).WaitAsync(cancellation).ConfigureAwait(false);
        foreach (CampaignSettings[] some in campaigns.Chunk(MadeAtOnce))
            await Task.WhenAll(some.Select(campaign => MakeAsync(campaign, directory, cancellation))).ConfigureAwait(false);
        // Those that callers have put: of one that cannot be read nothing will be heard.
        long[] enrolled = await book.CampaignsAsync().WaitAsync(cancellation).ConfigureAwait(false);
        foreach (long[] some in enrolled.Except(ids).Chunk(MadeAtOnce))
            await Task.WhenAll(some.Select(id => TryAsync(id, campaign => campaign.OfferAsync(), cancellation))).ConfigureAwait(false);
        _missing = "not all campaigns have been heard of yet";
        await Book.WaitForAllAsync(IsBroken, cancellation).ConfigureAwait(false);
        CatalogueDelta? edits = await _grains.GetGrain<ICatalogueGrain>(0).NextAsync(Guid.Empty, 0)
            .WaitAsync(cancellation).ConfigureAwait(false);
        var market = new LocalMarket(directory, Book, [], new GrainCatalogueLog(_grains, this), Background);
        Take(market, edits);
        market.Use(Book.Current);
        _follower = new Follower(token => AskAsync(market, token), _options, _time);
        _missing = null;
        Background.Succeeded("market");
        _ready.TrySetResult(market);
    }

    /// <summary>Opening it failed; it will be tried again.</summary>
    public void Failed(Exception failure)
    {
        _missing = failure.Message;
        Background.Failed("market", failure);
    }

    /// <summary>
    /// Keeps a version of a shard of this silo up with placements, bids and ads that its index does not know, now and whenever they change.
    /// </summary>
    /// <returns>To be disposed before the shard's index is closed.</returns>
    public async Task<IDisposable> AdoptAsync(
        string version, int number, Shard shard, AdIndex index, NewAdKeeper newAds, CancellationToken cancellation)
    {
        LocalMarket market = await Ready.WaitAsync(cancellation).ConfigureAwait(false);
        var adoption = new Adoption(market, shard, market.Catalogue.Track(
            version, index.Count, index.IdOf, id => newAds.OrdinalOf(number, id), shard.Publish), newAds);
        // They are told of when the shard knows whose its ads are.
        market.Adopt(newAds);
        return adoption;
    }

    /// <summary>Completes when an edit is applied on this silo.</summary>
    public Task WaitForEditAsync(Guid life, long sequence, CancellationToken cancellation) =>
        _edits.WaitForAsync(life, sequence, cancellation);

    public async ValueTask DisposeAsync()
    {
        _ready.TrySetCanceled();
        if (_follower is not null)
            await _follower.DisposeAsync().ConfigureAwait(false);
        if (_ready.Task.IsCompletedSuccessfully)
            (await _ready.Task.ConfigureAwait(false)).Dispose();
    }

    private bool IsBroken(long campaign) => _broken.ContainsKey(campaign);

    /// <summary>A campaign that could not be read has been heard of: some silo has opened it after all.</summary>
    private void Mend()
    {
        foreach ((long id, long before) in _broken)
        {
            if (Book.PlaceOf(id) > before && _broken.TryRemove(id, out _))
                Background.Succeeded(PartOf(id));
        }
    }

    private static string PartOf(long campaign) => string.Create(CultureInfo.InvariantCulture, $"campaign {campaign}");

    /// <summary>Makes a campaign that is not there yet; one that is stays as it is.</summary>
    private async Task MakeAsync(CampaignSettings campaign, string directory, CancellationToken cancellation)
    {
        byte[] settings = JsonSerializer.SerializeToUtf8Bytes(campaign, GrainsJson.Default.CampaignSettings);
        CampaignReply? reply = await TryAsync(campaign.Id, grain => grain.PutAsync(settings, 0), cancellation).ConfigureAwait(false);
        if (reply?.Refusal is { } refusal && reply.ConflictingVersion is null)
        {
            throw new InvalidDataException(
                $"{Path.Combine(directory, AdsDirectory.CampaignsFile)}, campaign {campaign.Id}: {reply.RefusedField}: {refusal}");
        }
    }

    /// <summary>
    /// Asks a campaign. What is kept of one may be damaged, or of a later version than this program's: the others go on without it.
    /// </summary>
    /// <returns>Its answer; null where it cannot be read.</returns>
    private async Task<T?> TryAsync<T>(long campaign, Func<ICampaignGrain, Task<T>> ask, CancellationToken cancellation)
    {
        long before = Book.PlaceOf(campaign);
        try
        {
            return await GrainCalls.AskAsync(
                ask(_grains.GetGrain<ICampaignGrain>(campaign)), $"Campaign {campaign}", cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidDataException || e.InnerException is InvalidDataException)
        {
            Background.Failed(PartOf(campaign), e);
            LogBroken(_logger, campaign, e.Message);
            _broken[campaign] = before;
            // It may have been heard of meanwhile.
            Mend();
            return default;
        }
    }

    private void Take(LocalMarket market, CatalogueDelta? delta)
    {
        if (delta is null)
            return;
        // The edits that brought facets number them, the same whenever a silo comes; their ads are what they were then.
        foreach (CatalogueEdit first in EditsOf(delta.Facets))
            market.Catalogue.Facets.NumberOf(Facet.Of(first.Ad!.ToAd()));
        market.Catalogue.Apply(EditsOf(delta.Edits));
        _edits.Reach(delta.Life, delta.Sequence);
    }

    private static CatalogueEdit[] EditsOf(byte[][] edits) =>
        [.. edits.Select(edit => GrainsJson.Read(edit, CatalogueJson.Default.CatalogueEdit, "catalogue edit"))];

    private async Task AskAsync(LocalMarket market, CancellationToken cancellation)
    {
        (Guid life, long sequence) = _edits.Current;
        CatalogueDelta? delta = await _grains.GetGrain<ICatalogueGrain>(0).NextAsync(life, sequence)
            .WaitAsync(cancellation).ConfigureAwait(false);
        Take(market, delta);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Campaign {Campaign} takes no part: {Problem}")]
    private static partial void LogBroken(ILogger logger, long campaign, string problem);

    private sealed class Adoption : IDisposable
    {
        private readonly LocalMarket _market;
        private readonly Shard _shard;
        private readonly IDisposable _tracking, _newAds;

        public Adoption(LocalMarket market, Shard shard, IDisposable tracking, IDisposable newAds)
        {
            (_market, _shard, _tracking, _newAds) = (market, shard, tracking, newAds);
            market.Used += Publish;
            shard.Publish(market.Current.Book);
        }

        public void Dispose()
        {
            _market.Used -= Publish;
            _newAds.Dispose();
            _tracking.Dispose();
        }

        private void Publish(PublishedCampaigns published) => _shard.Publish(published.Book);
    }
}
