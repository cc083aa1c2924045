using System.Collections.Concurrent;
using System.Collections.Immutable;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Catalogue;

/// <summary>Makes a catalogue edit durable; the edit is applied (<see cref="AdCatalogue.Apply"/>) before the task completes.</summary>
internal interface ICatalogueLog
{
    /// <exception cref="IOException">It could not be made durable and was not applied.</exception>
    Task AppendAsync(CatalogueEdit edit, CancellationToken cancellation);
}

/// <summary>
/// The ads of an ads file, packed, with live changes on top:
/// <code>
/// ads.jsonl ─► AdTable (packed, never changes)
/// PutAsync, RemoveAsync ─► log (durable) ─► Apply ─► overlay by id ─► placements of the shards that hold the ad
///                                                          └────────► those who keep the new ads (INewAdSink)
/// </code>
/// Lookups take no lock: the overlay is asked first, then the table.
/// </summary>
public sealed class AdCatalogue : IAdCatalogue
{
    private readonly AdTable _table = new();
    private readonly ConcurrentDictionary<string, LiveAd> _live = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<TrackedShard, byte> _shards = new();
    private readonly ConcurrentDictionary<string, IReadOnlyDictionary<string, ProfileValue>> _features = new(StringComparer.Ordinal);
    private readonly Lock _applying = new();
    private readonly ICatalogueLog? _log;
    private int _rows;
    private long _count;
    private ImmutableArray<INewAdSink> _sinks = [];

    /// <param name="numbers">Numbers of all campaigns.</param>
    /// <param name="ads">The ads.</param>
    /// <param name="log">Makes changes durable; null for a catalogue that cannot be changed.</param>
    /// <exception cref="InvalidDataException">An ad is there twice, or of a campaign that is not there.</exception>
    internal AdCatalogue(CampaignNumbers numbers, IEnumerable<Ad> ads, ICatalogueLog? log)
    {
        Numbers = numbers;
        _log = log;
        foreach (Ad ad in ads)
        {
            if (!numbers.TryGet(ad.CampaignId, out int campaign))
                throw new InvalidDataException($"Ad '{ad.Id}': there is no campaign {ad.CampaignId}.");
            if (!_table.Add(ad, campaign, Facets.NumberOf(Facet.Of(ad))))
                throw new InvalidDataException($"Ad '{ad.Id}' is there twice.");
            if (ad.Features is { } features)
                _features[ad.Id] = features;
        }
        _rows = _table.Count;
        _count = _table.Count;
    }

    /// <summary>Dense campaign numbers.</summary>
    public CampaignNumbers Numbers { get; }

    /// <summary>Dense facet numbers.</summary>
    public FacetTable Facets { get; } = new();

    /// <inheritdoc/>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Bytes of the packed ads.</summary>
    internal long TableBytes => _table.Bytes;

    /// <inheritdoc/>
    public bool TryGet(string id, out Ad? ad)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (!_live.IsEmpty && _live.TryGetValue(id, out LiveAd live))
        {
            ad = live.Ad;
            return ad is not null;
        }
        int row = _table.Find(id);
        ad = row < 0 ? null : _table.AdOf(row, Numbers, Facets) with { Features = _features.GetValueOrDefault(id) };
        return ad is not null;
    }

    /// <inheritdoc/>
    public AdStanding StandingOf(string id) => Judge?.StandingOf(id) ?? AdStanding.Unknown;

    /// <summary>The features of an ad; null where it has none or is not there.</summary>
    internal IReadOnlyDictionary<string, ProfileValue>? FeaturesOf(string id) =>
        !_live.IsEmpty && _live.TryGetValue(id, out LiveAd live) ? live.Ad?.Features : _features.GetValueOrDefault(id);

    /// <summary>The ads that have features, by id.</summary>
    internal string[] IdsWithFeatures()
    {
        IEnumerable<string> ids = _features.Keys.Concat(_live.Where(ad => ad.Value.Ad?.Features is not null).Select(ad => ad.Key));
        return [.. ids.Distinct(StringComparer.Ordinal).Where(id => FeaturesOf(id) is not null).Order(StringComparer.Ordinal)];
    }

    /// <summary>What an auction has to know of an ad; nothing is allocated.</summary>
    internal bool TryGetEntry(string id, out AdEntry entry)
    {
        if (!_live.IsEmpty && _live.TryGetValue(id, out LiveAd live))
        {
            entry = live.Entry;
            return live.Ad is not null;
        }
        int row = _table.Find(id);
        entry = row < 0 ? default : _table.EntryOf(row);
        return row >= 0;
    }

    /// <inheritdoc/>
    public async Task PutAsync(Ad ad, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ad);
        AdChecks.Check(ad);
        if (!Numbers.TryGet(ad.CampaignId, out _))
            throw new InvalidRequestException("campaignId", $"there is no campaign {ad.CampaignId}.");
        using IDisposable? admission = Judge?.Admit(ad);
        bool concernsSinks = ad.Features is not null || FeaturesOf(ad.Id) is not null;
        await Log().AppendAsync(new CatalogueEdit(ad.Id, AdLine.Of(ad)), cancellation).ConfigureAwait(false);
        if (concernsSinks)
            await SettleAsync(cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<bool> RemoveAsync(string id, CancellationToken cancellation)
    {
        if (!TryGet(id, out Ad? ad))
            return false;
        await Log().AppendAsync(new CatalogueEdit(id, null), cancellation).ConfigureAwait(false);
        if (ad!.Features is not null)
            await SettleAsync(cancellation).ConfigureAwait(false);
        return true;
    }

    /// <summary>Takes in edits that are durable, in order. One call at a time.</summary>
    internal void Apply(params IReadOnlyCollection<CatalogueEdit> edits)
    {
        if (edits.Count == 0)
            return;
        lock (_applying)
        {
            string[] withFeatures = [.. edits.Where(Keep).Select(edit => edit.Id)];
            // Each shard's placements are copied once, however many the edits are.
            string[] ids = [.. edits.Select(edit => edit.Id)];
            foreach ((TrackedShard shard, _) in _shards)
                shard.Change(ids);
            foreach (INewAdSink sink in _sinks)
                Array.ForEach(withFeatures, sink.Touch);
        }
    }

    /// <summary>Tells somebody who keeps new ads of every ad whose features change, until the result is disposed.</summary>
    internal IDisposable Connect(INewAdSink sink)
    {
        lock (_applying)
            _sinks = _sinks.Add(sink);
        return new Connection(this, sink);
    }

    /// <summary>Looks again whose some ads are, because shards have come to know them.</summary>
    /// <param name="version">The shards' version.</param>
    /// <param name="ids">The ads.</param>
    internal void Place(string version, IReadOnlyCollection<string> ids)
    {
        lock (_applying)
        {
            foreach ((TrackedShard shard, _) in _shards)
            {
                if (shard.Version == version)
                    shard.Change(ids);
            }
        }
    }

    /// <summary>Tells a shard version whose its ads are, now and after every change, until the result is disposed.</summary>
    /// <param name="version">The version's name.</param>
    /// <param name="count">Number of ads of the version's index, which must stay open until then.</param>
    /// <param name="idOf">The id of an ordinal of the index.</param>
    /// <param name="ordinalOf">The ordinal of an ad, of the index or put in since; -1 where it is not there.</param>
    /// <param name="tell">Called with the placements, one call at a time; must be quick.</param>
    internal IDisposable Track(string version, int count, Func<int, string> idOf, Func<string, int> ordinalOf, Action<ShardPlacements> tell)
    {
        lock (_applying)
        {
            var shard = new TrackedShard(version, count, idOf, ordinalOf, this, tell);
            _shards[shard] = 0;
            return shard;
        }
    }

    // Who says what becomes of an ad: the newest version that is seen as a whole here.
    private INewAdSink? Judge => _sinks.LastOrDefault(sink => sink.SeesAll);

    private Task SettleAsync(CancellationToken cancellation) => Task.WhenAll(_sinks.Select(sink => sink.SettledAsync(cancellation)));

    private ICatalogueLog Log() => _log ?? throw new InvalidOperationException("This catalogue cannot be changed: it has no journal.");

    /// <summary>Lays an edit over the table.</summary>
    /// <returns>Whether the ad has features, or had.</returns>
    private bool Keep(CatalogueEdit edit)
    {
        bool wasThere = TryGetEntry(edit.Id, out _), hadFeatures = FeaturesOf(edit.Id) is not null;
        LiveAd live = edit.Ad is { } line ? Live(line.ToAd(), RowOf(edit.Id)) : default;
        _live[edit.Id] = live;
        if (wasThere != live.Ad is not null)
            Interlocked.Add(ref _count, wasThere ? -1 : 1);
        return hadFeatures || live.Ad?.Features is not null;
    }

    private LiveAd Live(Ad ad, int row) =>
        new(ad, new AdEntry(row, Numbers.Of(ad.CampaignId), Facets.NumberOf(Facet.Of(ad)), ad.IsPaused));

    // An ad keeps its row through edits and removal, so that ties break the same way before and after.
    private int RowOf(string id)
    {
        if (_live.TryGetValue(id, out LiveAd live) && live.Ad is not null)
            return live.Entry.Row;
        int row = _table.Find(id);
        return row >= 0 ? row : _rows++;
    }

    private readonly record struct LiveAd(Ad? Ad, AdEntry Entry);

    private sealed class TrackedShard : IDisposable
    {
        private readonly AdCatalogue _owner;
        private readonly Action<ShardPlacements> _tell;
        private readonly Func<string, int> _ordinalOf;
        private readonly Dictionary<string, int> _added = new(StringComparer.Ordinal);
        private readonly int _indexed;
        private int[] _campaigns, _facets;
        private long _revision;

        public TrackedShard(
            string version, int count, Func<int, string> idOf, Func<string, int> ordinalOf, AdCatalogue owner, Action<ShardPlacements> tell)
        {
            (Version, _ordinalOf, _owner, _tell) = (version, ordinalOf, owner, tell);
            _indexed = count;
            (_campaigns, _facets) = (new int[count], new int[count]);
            for (int ordinal = 0; ordinal < count; ordinal++)
                (_campaigns[ordinal], _facets[ordinal]) = PlaceOf(idOf(ordinal));
            Tell();
        }

        public string Version { get; }

        public void Change(IReadOnlyCollection<string> ids)
        {
            int[] ordinals = [.. ids.Select(_ordinalOf)];
            if (ordinals.All(ordinal => ordinal < 0))
                return;
            // Searches may be reading the arrays they were given.
            int count = Math.Max(_campaigns.Length, ordinals.Max() + 1);
            (int[] campaigns, int[] facets) = (new int[count], new int[count]);
            _campaigns.CopyTo(campaigns, 0);
            _facets.CopyTo(facets, 0);
            // An ad that came live and was taken away again leaves a gap.
            campaigns.AsSpan(_campaigns.Length).Fill(-1);
            foreach ((string id, int ordinal) in ids.Zip(ordinals))
            {
                if (ordinal < 0)
                    continue;
                // One that was put in anew has another ordinal, and nothing stands at the one before.
                if (_added.TryGetValue(id, out int before))
                    campaigns[before] = -1;
                if (ordinal >= _indexed)
                    _added[id] = ordinal;
                (campaigns[ordinal], facets[ordinal]) = PlaceOf(id);
            }
            (_campaigns, _facets) = (campaigns, facets);
            Tell();
        }

        // When this returns nobody looks at the shard's index any more.
        public void Dispose()
        {
            lock (_owner._applying)
                _owner._shards.TryRemove(this, out _);
        }

        private (int Campaign, int Facet) PlaceOf(string id) =>
            _owner.TryGetEntry(id, out AdEntry entry) && !entry.IsPaused ? (entry.Campaign, entry.Facet) : (-1, 0);

        private void Tell() => _tell(new ShardPlacements(Version, ++_revision, _campaigns, _facets));
    }

    private sealed class Connection(AdCatalogue owner, INewAdSink sink) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._applying)
                owner._sinks = owner._sinks.Remove(sink);
        }
    }
}
