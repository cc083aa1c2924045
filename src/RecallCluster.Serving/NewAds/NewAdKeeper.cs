using System.Threading.Channels;
using RecallCluster.Retrieval.Files;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Hosting;

namespace RecallCluster.Serving.NewAds;

/// <summary>
/// Keeps the shards of one version holding the catalogue's ads that their indexes do not know:
/// <code>
/// catalogue ── id ──► queue ──► what should be there? what is? ──► ad tower ──► log of the ad's shard ──► its replicas
///                                                                     └──► table of behaviours   └──► placements
/// </code>
/// What should be there is read from the catalogue when an ad's turn comes, so that it does not matter how often or in which order it was
/// told; and all of it is what a start, or another version, begins with. A process that holds some shards of a version keeps those alone.
/// </summary>
internal sealed class NewAdKeeper : INewAdSink, IDisposable
{
    private const string Work = "newAds";

    // Ads that are embedded and put in as one: a version that is retired waits for so many at most.
    private const int BatchSize = 64;

    private readonly Channel<Turn> _turns = Channel.CreateUnbounded<Turn>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<string, int> _admitted = new(StringComparer.Ordinal);
    private readonly HashSet<string> _left = new(StringComparer.Ordinal);
    private readonly Lock _working = new();
    private readonly string _version;
    private readonly AdEmbedder _embedder;
    private readonly AdditionLog?[] _logs;
    private readonly AdVectorTable? _table;
    private readonly NewAdOptions _options;
    private readonly ShardMap _map;
    private AdCatalogue? _catalogue;
    private BackgroundHealth? _health;
    private IDisposable? _connection;
    private bool _isDisposed;
    private int _ads;

    /// <param name="version">The version.</param>
    /// <param name="embedder">Its model.</param>
    /// <param name="shards">
    /// Its shards with their indexes, which must stay open until this is disposed; null for one that others keep.
    /// </param>
    /// <param name="table">Where its users' behaviours are looked up; null where no users are prepared.</param>
    /// <param name="options">How many.</param>
    public NewAdKeeper(
        string version, AdEmbedder embedder, IReadOnlyList<(AdIndex Index, IShard Shard)?> shards, AdVectorTable? table,
        NewAdOptions options)
    {
        (_version, _embedder, _table, _options) = (version, embedder, table, options);
        _logs = [.. shards.Select(kept => kept is (var index, var shard) ? new AdditionLog(version, index, shard) : null)];
        _map = new ShardMap(shards.Count);
    }

    /// <inheritdoc/>
    public bool SeesAll => Array.TrueForAll(_logs, log => log is not null);

    /// <summary>Ads that were put into a shard; 0 for one that others keep.</summary>
    public int CountOn(int shard) => _logs[shard]?.Count ?? 0;

    /// <summary>The ordinal of an ad on a shard, of its index or put in; -1 where it is not there.</summary>
    public int OrdinalOf(int shard, string id) => _logs[shard] is { } log && log.TryOrdinalOf(id, out int ordinal) ? ordinal : -1;

    /// <summary>Puts in what the catalogue has, then follows it until disposed.</summary>
    public void Start(AdCatalogue catalogue, BackgroundHealth health)
    {
        (_catalogue, _health) = (catalogue, health);
        _connection = catalogue.Connect(this);
        foreach (string[] ids in catalogue.IdsWithFeatures().Chunk(BatchSize))
            Settle(ids);
        _ = Task.Run(WorkAsync);
    }

    /// <inheritdoc/>
    public IDisposable? Admit(Ad ad)
    {
        if (ad.Features is null)
            return null;
        _embedder.Check(ad.Features);
        if (LogOf(ad.Id) is not { } log || log.IsIndexed(ad.Id))
            return null;
        if (log.Length >= _options.MaxChanges)
            throw new NewAdsFullException(
                $"{_options.MaxChanges} changes of ads that the index does not know were made on a shard since it was loaded; load it "
                + "again (POST /v1/indexes), or one that was built with them.");
        lock (_admitted)
        {
            bool isNew = !log.Holds(ad.Id) && !_admitted.ContainsKey(ad.Id);
            int underWay = _admitted.Keys.Count(id => LogOf(id)?.Holds(id) == false);
            if (isNew && Volatile.Read(ref _ads) + underWay >= _options.MaxAds)
                throw new NewAdsFullException(
                    $"There are {_options.MaxAds} ads already that the index does not know; remove some, or load an index that was built "
                    + "with them.");
            _admitted[ad.Id] = _admitted.GetValueOrDefault(ad.Id) + 1;
        }
        return new Admission(this, ad.Id);
    }

    /// <inheritdoc/>
    public void Touch(string id) => _turns.Writer.TryWrite(new Turn(id, null));

    /// <inheritdoc/>
    public async Task SettledAsync(CancellationToken cancellation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_turns.Writer.TryWrite(new Turn(null, done)))
            await done.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public AdStanding StandingOf(string id) => LogOf(id) is not { } log ? AdStanding.Unknown
        : log.IsIndexed(id) ? AdStanding.Indexed : log.Holds(id) ? AdStanding.Added : AdStanding.Unknown;

    /// <summary>Follows the catalogue no longer; when this returns nobody looks at the indexes any more.</summary>
    public void Dispose()
    {
        _connection?.Dispose();
        _turns.Writer.TryComplete();
        lock (_working)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            Telemetry.NewAds(-_ads);
        }
    }

    private AdditionLog? LogOf(string id) => _logs[_map.ShardOf(id)];

    private async Task WorkAsync()
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new List<TaskCompletionSource>();
        while (await _turns.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (ids.Count < BatchSize && _turns.Reader.TryRead(out Turn turn))
            {
                if (turn.Id is { } id)
                    ids.Add(id);
                if (turn.Done is { } done)
                    waiting.Add(done);
            }
            Settle([.. ids]);
            waiting.ForEach(done => done.TrySetResult());
            ids.Clear();
            waiting.Clear();
        }
    }

    /// <summary>Makes what is there what should be there, for some ads.</summary>
    private void Settle(string[] ids)
    {
        lock (_working)
        {
            if (_isDisposed || ids.Length == 0)
                return;
            try
            {
                Note(ids);
                Parallel.ForEach(_logs.Where(log => log?.IsAhead == true), log => log!.Publish());
                int before = _ads, now = _logs.Sum(log => log?.Count ?? 0);
                Volatile.Write(ref _ads, now);
                Telemetry.NewAds(now - before);
                _catalogue!.Place(_version, ids);
                if (_left.Count == 0)
                    _health!.Succeeded(Work);
                else
                    _health!.Failed(Work, new NewAdsFullException($"{_left.Count} ads that the index does not know found no room."));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // What the log holds is told again with the next change.
                _health!.Failed(Work, e);
            }
        }
    }

    /// <summary>Writes down what is to be put in and taken out.</summary>
    private void Note(string[] ids)
    {
        var wanted = new List<(string Id, int[] Codes)>();
        int ads = _ads;
        foreach (string id in ids)
        {
            if (LogOf(id) is not { } log)
                continue;
            int[]? codes = _catalogue!.FeaturesOf(id) is { } features && !log.IsIndexed(id) ? _embedder.CodesOf(features) : null;
            int[]? held = log.CodesOf(id);
            _left.Remove(id);
            if (codes is null && held is not null)
            {
                log.Remove(id);
                _table?.Remove(id);
                ads--;
            }
            else if (codes is not null && (held is null || !codes.AsSpan().SequenceEqual(held)))
            {
                // At a start there may be more than the limits of today; a change that was admitted finds room.
                bool hasRoom = held is not null || ads < _options.MaxAds;
                if (hasRoom)
                    wanted.Add((id, codes));
                else
                    _left.Add(id);
                ads += hasRoom && held is null ? 1 : 0;
            }
        }
        if (wanted.Count == 0)
            return;
        EmbeddedAd[] embedded = _embedder.Embed([.. wanted.Select(ad => ad.Id)], [.. wanted.Select(ad => ad.Codes)]);
        foreach (((string id, int[] codes), EmbeddedAd ad) in wanted.Zip(embedded))
        {
            LogOf(id)!.Put(id, codes, ad);
            _table?.Put(id, ad);
        }
    }

    private readonly record struct Turn(string? Id, TaskCompletionSource? Done);

    private sealed class Admission(NewAdKeeper keeper, string id) : IDisposable
    {
        public void Dispose()
        {
            lock (keeper._admitted)
            {
                if (--keeper._admitted[id] == 0)
                    keeper._admitted.Remove(id);
            }
        }
    }
}
