using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.NewAds;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// The market as this process knows it: all ads, and what all campaigns published last. Shards that were adopted, and whoever else listens,
/// are kept up with both.
/// <code>
/// ads of the market directory ─► catalogue ─► placements ─► shards ◄─┐
/// edits, in order ───────────────►                                   ├── pump ◄── campaigns (books)
///                                            gateway, if there is one ◄┘
/// </code>
/// Processes that are told the same campaigns and the same edits in the same order give them the same numbers. Thread-safe.
/// </summary>
internal sealed class LocalMarket : IDisposable
{
    private readonly ICampaignFeed _campaigns;
    private readonly PublicationPump _pump;
    private readonly BackgroundHealth _background;
    private readonly Lock _shardsLock = new();
    private List<LoopShard> _shards = [];
    private long _used = -1;

    /// <summary>Opens the market.</summary>
    /// <param name="directory">Directory with the ads (<see cref="AdsDirectory"/>).</param>
    /// <param name="campaigns">The campaigns; those of the ads are there.</param>
    /// <param name="edits">What was changed of the ads since; later ones go to <see cref="AdCatalogue.Apply"/>.</param>
    /// <param name="log">Makes changes of ads durable.</param>
    /// <param name="background">Is told of publications that could not be used.</param>
    /// <exception cref="IOException">The ads' file is missing or cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is broken, or an ad is of a campaign that is not there.</exception>
    public LocalMarket(
        string directory, ICampaignFeed campaigns, IEnumerable<CatalogueEdit> edits, ICatalogueLog log, BackgroundHealth background)
    {
        (_campaigns, _background) = (campaigns, background);
        var numbers = new CampaignNumbers();
        foreach (CampaignSettings campaign in campaigns.Current.Settings)
            numbers.Of(campaign.Id);
        Catalogue = new AdCatalogue(numbers, AdsDirectory.ReadAds(directory), log);
        Catalogue.Apply([.. edits]);
        _pump = new PublicationPump(Use, failure => background.Report("gateway", failure));
        campaigns.Published += _pump.Put;
    }

    /// <summary>Called with campaigns that the shards know by now; newer ones may come before older ones.</summary>
    public event Action<PublishedCampaigns>? Used;

    /// <summary>The ads.</summary>
    public AdCatalogue Catalogue { get; }

    /// <summary>What the campaigns published last.</summary>
    public PublishedCampaigns Current => _campaigns.Current;

    /// <summary>Version of the newest publication that was heard of.</summary>
    public long Latest => _pump.Latest;

    /// <summary>The shards that are kept up.</summary>
    public IReadOnlyList<LoopShard> Shards => Volatile.Read(ref _shards);

    /// <summary>Completes when a version, or a later one, is in use everywhere in this process.</summary>
    public Task WaitForAsync(long version, CancellationToken cancellation) => _pump.WaitForAsync(version, cancellation);

    /// <summary>Gives a shard of a version that is about to be published placements and bids, now and whenever they change.</summary>
    /// <returns>To be disposed before the shard's index is closed.</returns>
    public IDisposable Adopt(LoopShard shard)
    {
        IDisposable tracking = Catalogue.Track(
            shard.Version, shard.Index.Count, shard.Index.IdOf, shard.OrdinalOf, shard.Shard.Publish);
        lock (_shardsLock)
        {
            shard.Shard.Publish(Current.Book);
            Volatile.Write(ref _shards, [.. _shards, shard]);
        }
        return new Adoption(this, shard, tracking);
    }

    /// <summary>Lets the shards of a version, which were adopted, hold the catalogue's ads that its indexes do not know.</summary>
    /// <returns>To be disposed before the indexes are closed, and before the shards' adoptions.</returns>
    public IDisposable Adopt(NewAdKeeper newAds)
    {
        newAds.Start(Catalogue, _background);
        return newAds;
    }

    /// <summary>Hears of nothing any more.</summary>
    public void Dispose() => _campaigns.Published -= _pump.Put;

    /// <summary>Makes campaigns known here by number, to shards and to listeners; older ones than in use change nothing.</summary>
    public void Use(PublishedCampaigns published)
    {
        lock (_shardsLock)
        {
            if (published.Version < _used)
                return;
            _used = published.Version;
            // New campaigns are the last ones: numbers are never given anew.
            foreach (CampaignSettings campaign in published.Settings.Skip(Catalogue.Numbers.Count))
                Catalogue.Numbers.Of(campaign.Id);
            foreach (LoopShard shard in _shards)
                shard.Shard.Publish(published.Book);
        }
        Used?.Invoke(published);
    }

    private sealed class Adoption(LocalMarket market, LoopShard shard, IDisposable tracking) : IDisposable
    {
        public void Dispose()
        {
            tracking.Dispose();
            lock (market._shardsLock)
                Volatile.Write(ref market._shards, [.. market._shards.Where(s => s != shard)]);
        }
    }
}
