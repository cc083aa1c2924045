using System.Collections.Concurrent;
using RecallCluster.Retrieval.Files;
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
/// </code>
/// Lookups take no lock: the overlay is asked first, then the table.
/// </summary>
public sealed class AdCatalogue : IAdCatalogue
{
    private readonly AdTable _table = new();
    private readonly ConcurrentDictionary<string, LiveAd> _live = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<TrackedShard, byte> _shards = new();
    private readonly Lock _applying = new();
    private readonly ICatalogueLog? _log;
    private int _rows;
    private long _count;

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
        ad = row < 0 ? null : _table.AdOf(row, Numbers, Facets);
        return ad is not null;
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
    public Task PutAsync(Ad ad, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ad);
        AdChecks.Check(ad);
        if (!Numbers.TryGet(ad.CampaignId, out _))
            throw new InvalidRequestException("campaignId", $"there is no campaign {ad.CampaignId}.");
        return Log().AppendAsync(new CatalogueEdit(ad.Id, AdLine.Of(ad)), cancellation);
    }

    /// <inheritdoc/>
    public async Task<bool> RemoveAsync(string id, CancellationToken cancellation)
    {
        if (!TryGet(id, out _))
            return false;
        await Log().AppendAsync(new CatalogueEdit(id, null), cancellation).ConfigureAwait(false);
        return true;
    }

    /// <summary>Takes in an edit that is durable. One call at a time.</summary>
    internal void Apply(CatalogueEdit edit)
    {
        lock (_applying)
        {
            bool wasThere = TryGetEntry(edit.Id, out AdEntry before);
            LiveAd live = edit.Ad is { } line ? Live(line.ToAd(), RowOf(edit.Id)) : default;
            _live[edit.Id] = live;
            if (wasThere != live.Ad is not null)
                Interlocked.Add(ref _count, wasThere ? -1 : 1);
            foreach ((TrackedShard shard, _) in _shards)
                shard.Change(edit.Id, live.Ad is null || live.Entry.IsPaused ? null : live.Entry);
        }
    }

    /// <summary>Tells a shard version whose its ads are, now and after every change, until the result is disposed.</summary>
    /// <param name="version">The version's name.</param>
    /// <param name="index">The version's index, which must stay open until then.</param>
    /// <param name="tell">Called with the placements, one call at a time; must be quick.</param>
    public IDisposable Track(string version, AdIndex index, Action<ShardPlacements> tell)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(tell);
        return Track(version, index.Count, index.IdOf, id => index.TryOrdinalOf(id, out int ordinal) ? ordinal : -1, tell);
    }

    internal IDisposable Track(string version, int count, Func<int, string> idOf, Func<string, int> ordinalOf, Action<ShardPlacements> tell)
    {
        lock (_applying)
        {
            var shard = new TrackedShard(version, count, idOf, ordinalOf, this, tell);
            _shards[shard] = 0;
            return shard;
        }
    }

    private ICatalogueLog Log() => _log ?? throw new InvalidOperationException("This catalogue cannot be changed: it has no journal.");

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
        private readonly string _version;
        private readonly AdCatalogue _owner;
        private readonly Action<ShardPlacements> _tell;
        private readonly Func<string, int> _ordinalOf;
        private int[] _campaigns, _facets;
        private long _revision;

        public TrackedShard(
            string version, int count, Func<int, string> idOf, Func<string, int> ordinalOf, AdCatalogue owner, Action<ShardPlacements> tell)
        {
            (_version, _ordinalOf, _owner, _tell) = (version, ordinalOf, owner, tell);
            (_campaigns, _facets) = (new int[count], new int[count]);
            for (int ordinal = 0; ordinal < count; ordinal++)
            {
                bool there = owner.TryGetEntry(idOf(ordinal), out AdEntry entry) && !entry.IsPaused;
                _campaigns[ordinal] = there ? entry.Campaign : -1;
                _facets[ordinal] = there ? entry.Facet : 0;
            }
            Tell();
        }

        public void Change(string id, AdEntry? entry)
        {
            int ordinal = _ordinalOf(id);
            if (ordinal < 0)
                return;
            // Searches may be reading the arrays they were given.
            (_campaigns, _facets) = ([.. _campaigns], [.. _facets]);
            _campaigns[ordinal] = entry?.Campaign ?? -1;
            _facets[ordinal] = entry?.Facet ?? 0;
            Tell();
        }

        // When this returns nobody looks at the shard's index any more.
        public void Dispose()
        {
            lock (_owner._applying)
                _owner._shards.TryRemove(this, out _);
        }

        private void Tell() => _tell(new ShardPlacements(_version, ++_revision, _campaigns, _facets));
    }
}
