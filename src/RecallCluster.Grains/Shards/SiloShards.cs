using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Market;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Files;
using RecallCluster.Serving;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.Replicas;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Shards;

/// <summary>A version of a shard that can be asked.</summary>
/// <param name="Name">The version.</param>
/// <param name="Ads">Its ads, those included that the index does not know.</param>
/// <param name="Bytes">Bytes that it takes.</param>
internal readonly record struct HeldVersion(string Name, int Ads, long Bytes);

/// <summary>
/// The shards that this silo holds: opened from its own copy of the files, and fed with its own market's bids, placements and new ads,
/// which are the same on every silo. Thread-safe.
/// </summary>
internal sealed class SiloShards : IDisposable
{
    private readonly SiloMarket _market;
    private readonly SiloNode _node;
    private readonly KnownData _known;
    private readonly RolloutOptions _options;
    private readonly TimeProvider _time;
    private readonly SiloDevice _device;
    private readonly FreedRoom _freed;
    private readonly ConcurrentDictionary<ReplicaKey, bool> _served = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<int, Held> _shards = [];
    private readonly Dictionary<string, SharedModel> _models = new(StringComparer.Ordinal);
    private long _bytes;
    private volatile bool _isClosing;

    public SiloShards(
        SiloMarket market, SiloNode node, KnownData known, RolloutOptions options, TimeProvider time, ILogger<SiloShards> logger,
        IDeviceScoring? devices = null)
    {
        (_market, _node, _known, _options, _time) = (market, node, known, options, time);
        Slots = new SearchSlots(node.Searches);
        _device = new SiloDevice(node, options, time, logger, devices);
        _freed = new FreedRoom(Loads, FillDevice, time);
    }

    /// <summary>The silo's name.</summary>
    public string Silo => _node.Name;

    /// <summary>Bounds the searches of all shards here.</summary>
    public SearchSlots Slots { get; }

    /// <summary>Whether a replica answers here.</summary>
    public bool Serves(ReplicaKey replica) => _served.ContainsKey(replica);

    /// <summary>A replica answers here from now on.</summary>
    public void Begin(ReplicaKey replica) => _served.TryAdd(replica, true);

    /// <summary>A replica answers here no longer.</summary>
    public void End(ReplicaKey replica) => _served.TryRemove(replica, out _);

    /// <summary>A shard, which may hold no version yet.</summary>
    public Shard Of(int number)
    {
        lock (_lock)
            return HeldOf(number).Shard;
    }

    /// <summary>Names of a shard's versions, those included that are on their way.</summary>
    public string[] NamesOf(int number)
    {
        lock (_lock)
            return [.. HeldOf(number).Versions.Keys];
    }

    /// <summary>The versions of a shard that can be asked, newest last.</summary>
    public IReadOnlyList<HeldVersion> VersionsOf(int number) =>
    [
        .. LoadedOf(number).Select(loaded => new HeldVersion(
            loaded.Name, loaded.Index.Count + loaded.NewAds.CountOn(number), loaded.Bytes)),
    ];

    /// <summary>Opens a version of a shard; one that is there already, or on its way, is waited for.</summary>
    /// <param name="version">The version.</param>
    /// <param name="number">The shard.</param>
    /// <param name="isNew">
    /// Whether nobody has used it yet: then all checksums are checked and trial searches made. One that is in use elsewhere only has to be
    /// there soon.
    /// </param>
    /// <param name="cancellation">Waits no longer.</param>
    /// <exception cref="InvalidDataException">
    /// It does not fit, a file is broken, of another model or not the one that was published, or trial searches fail; the message names
    /// it.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="NotSupportedException">The model is not a deep one.</exception>
    public async Task LoadAsync(IndexVersion version, int number, bool isNew, CancellationToken cancellation)
    {
        Task<Loaded>? loading;
        lock (_lock)
        {
            Held held = HeldOf(number);
            // What failed before, such as a file that was not there yet, is tried again.
            if (!held.Versions.TryGetValue(version.Name, out loading) || loading is { IsCompleted: true, IsCompletedSuccessfully: false })
            {
                held.Versions[version.Name] = loading = Task.Run(
                    () => LoadAsync(held.Shard, version, number, isNew), CancellationToken.None);
            }
        }
        await loading.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Completes when the edits of the catalogue that this silo knows are in a shard.</summary>
    public Task CatchUpAsync(int number) =>
        Task.WhenAll(LoadedOf(number).Select(loaded => loaded.NewAds.SettledAsync(CancellationToken.None)));

    /// <summary>Drops a version, which is closed when its last search has ended.</summary>
    public void Drop(string version, int number)
    {
        lock (_lock)
        {
            Held held = HeldOf(number);
            if (held.Versions.Remove(version, out Task<Loaded>? loading))
                _ = CloseAsync(held.Shard, loading);
        }
    }

    /// <summary>Drops all versions of a shard.</summary>
    public void DropAll(int number) => Array.ForEach(NamesOf(number), version => Drop(version, number));

    /// <summary>Drops everything.</summary>
    public void Dispose()
    {
        _isClosing = true;
        Array.ForEach(Numbers(), DropAll);
    }

    private Loaded[] LoadedOf(int number)
    {
        lock (_lock)
            return [.. HeldOf(number).Versions.Values.Where(version => version.IsCompletedSuccessfully).Select(version => version.Result)];
    }

    private async Task<Loaded> LoadAsync(Shard shard, IndexVersion version, int number, bool isNew)
    {
        long bytes = SizeOf(version, number);
        Reserve(version, number, bytes);
        try
        {
            return await OpenAsync(shard, version, number, isNew, bytes).ConfigureAwait(false);
        }
        catch
        {
            Release(version.Name, bytes);
            throw;
        }
    }

    private async Task<Loaded> OpenAsync(Shard shard, IndexVersion version, int number, bool isNew, long bytes)
    {
        IndexedModel indexed = ModelOf(version);
        AdIndex index = indexed.OpenShard(number, isNew ? IndexCheck.All : IndexCheck.Graph);
        ShardVersion opened = Opened(version, indexed, index, number);
        try
        {
            if (isNew)
                ShardTrial.Run(opened, indexed.Model, _options.Trial, new SeededRandom((ulong)number + 1));
            shard.Add(opened);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
        try
        {
            var kept = new (AdIndex, IShard)?[version.Shards];
            kept[number] = (index, shard);
            var embedder = new AdEmbedder(indexed.Model, _known.Users?.AdFields);
            var newAds = new NewAdKeeper(version.Name, embedder, kept, null, new NewAdOptions());
            IDisposable adoption = await _market.AdoptAsync(version.Name, number, shard, index, newAds, CancellationToken.None)
                .ConfigureAwait(false);
            return new Loaded(new DeviceSeat(version, number, indexed, index, shard, opened), bytes, newAds, adoption);
        }
        catch
        {
            shard.Remove(version.Name);
            throw;
        }
    }

    /// <summary>The version as it can be searched, once its file was found to be what was published. It owns the index.</summary>
    private ShardVersion Opened(IndexVersion version, IndexedModel indexed, AdIndex index, int number)
    {
        ShardScoring? scoring = null;
        try
        {
            var identity = ShardIdentity.Of(indexed.Fingerprint, index.FilePath, number, version.Shards, index.Count);
            if (indexed.Manifest.Shards.Count != version.Shards
                || (version.Files.Length > 0 && (number >= version.Files.Length || identity.Index != version.Files[number])))
            {
                throw new InvalidDataException(
                    $"{index.FilePath} is not the file that was published as version {version.Name}; bring the same files to all silos.");
            }
            _freed.Asked();
            scoring = _device.ScoringOf(version, indexed, index);
            return scoring.ToVersion(version.Name, _time);
        }
        catch
        {
            scoring?.Dispose();
            index.Dispose();
            throw;
        }
    }

    private static long SizeOf(IndexVersion version, int number)
    {
        IndexManifest manifest = IndexDirectory.ReadManifest(version.IndexDirectory);
        return number < manifest.Shards.Count
            ? new FileInfo(Path.Combine(version.IndexDirectory, manifest.Shards[number].File)).Length
            : throw new InvalidDataException($"{version.IndexDirectory} has {manifest.Shards.Count} shard(s); there is no shard {number}.");
    }

    private void Reserve(IndexVersion version, int number, long bytes)
    {
        lock (_lock)
        {
            if (bytes > _node.ShardMemory - _bytes)
            {
                throw new InvalidDataException(
                    $"Version {version.Name} does not fit: shard {number} takes {bytes} bytes; shards here take {_bytes} of at most "
                    + $"{_node.ShardMemory} (silo:shardMemoryMiB).");
            }
            _bytes += bytes;
            if (!_models.TryGetValue(version.Name, out SharedModel? model))
            {
                _models[version.Name] = model = new SharedModel(
                    new Lazy<IndexedModel>(() => IndexedModel.Load(version.ModelDirectory, version.IndexDirectory)));
            }
            model.Users++;
        }
    }

    private void Release(string version, long bytes)
    {
        lock (_lock)
        {
            _bytes -= bytes;
            if (--_models[version].Users == 0)
                _models.Remove(version);
        }
    }

    private IndexedModel ModelOf(IndexVersion version)
    {
        SharedModel model;
        lock (_lock)
            model = _models[version.Name];
        return model.Model.Value;
    }

    // One that is on its way is closed when it has come.
    private async Task CloseAsync(Shard shard, Task<Loaded> loading)
    {
        await ((Task)loading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!loading.IsCompletedSuccessfully)
            return;
        Loaded loaded = await loading.ConfigureAwait(false);
        loaded.Adoption.Dispose();
        shard.Remove(loaded.Name);
        Release(loaded.Name, loaded.Bytes);
        if (!loaded.Seat.IsOnDevice || _isClosing)
            return;
        // Its last search may go on for a moment; then there is room for one that found none. Whoever dropped it does not wait for that.
        await loaded.Seat.Closed.ConfigureAwait(false);
        _freed.Offer();
    }

    private Task[] Loads()
    {
        lock (_lock)
            return [.. _shards.Values.SelectMany(held => held.Versions.Values).Where(version => !version.IsCompleted)];
    }

    /// <summary>Has what is newest go on on the device; whether room that was taken came free again.</summary>
    private bool FillDevice()
    {
        bool again = false;
        foreach (Loaded loaded in Numbers().SelectMany(LoadedOf).OrderByDescending(loaded => loaded.Seat.Version.Number))
            again |= _device.TryAgain(loaded.Seat);
        return again;
    }

    private int[] Numbers()
    {
        lock (_lock)
            return [.. _shards.Keys];
    }

    private Held HeldOf(int number)
    {
        if (!_shards.TryGetValue(number, out Held? held))
            _shards[number] = held = new Held(new Shard(_time, Slots));
        return held;
    }

    private sealed record Held(Shard Shard)
    {
        public OrderedDictionary<string, Task<Loaded>> Versions { get; } = new(StringComparer.Ordinal);
    }

    /// <summary>A version that can be asked.</summary>
    private sealed record Loaded(DeviceSeat Seat, long Bytes, NewAdKeeper NewAds, IDisposable Adoption)
    {
        public string Name => Seat.Version.Name;

        public AdIndex Index => Seat.Index;
    }

    /// <summary>The model of a version, for all of its shards that are here.</summary>
    private sealed class SharedModel(Lazy<IndexedModel> model)
    {
        public Lazy<IndexedModel> Model => model;

        public int Users { get; set; }
    }
}
