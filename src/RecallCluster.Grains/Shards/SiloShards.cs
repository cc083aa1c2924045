using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Market;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Grains.Shards;

/// <summary>
/// The shards that this silo holds: opened from its own copy of the files, and fed with its own market's bids and placements, which are the
/// same on every silo. Thread-safe.
/// </summary>
internal sealed class SiloShards(SiloMarket market, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, Held> _shards = [];

    /// <summary>A shard, which may hold no version yet.</summary>
    public Shard Of(int number)
    {
        lock (_lock)
            return HeldOf(number).Shard;
    }

    /// <summary>What is held of a shard.</summary>
    public IReadOnlyList<(string Name, AdIndex Index)> VersionsOf(int number)
    {
        lock (_lock)
            return [.. HeldOf(number).Versions.Select(v => (v.Key, v.Value.Index))];
    }

    /// <summary>Opens a version of a shard and answers a trial with it; one that is there already is left alone.</summary>
    /// <exception cref="InvalidDataException">A file is broken, or of another model; the message names it.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public async Task LoadAsync(IndexVersion version, int number, CancellationToken cancellation)
    {
        if (Of(number).Versions.Contains(version.Name))
            return;
        (ShardVersion opened, AdIndex index) = await Task.Run(() => Open(version, number), cancellation).ConfigureAwait(false);
        lock (_lock)
        {
            Held held = HeldOf(number);
            if (held.Versions.ContainsKey(version.Name))
            {
                opened.Dispose();
                return;
            }
            held.Shard.Add(opened);
            held.Versions[version.Name] = (index, null);
        }
        IDisposable adoption = await market.AdoptAsync(version.Name, Of(number), index, cancellation).ConfigureAwait(false);
        lock (_lock)
        {
            Held held = HeldOf(number);
            if (held.Versions.ContainsKey(version.Name))
                held.Versions[version.Name] = (index, adoption);
            else
                adoption.Dispose();
        }
    }

    /// <summary>Drops a version, which is closed when its last search has ended.</summary>
    public void Drop(string version, int number)
    {
        lock (_lock)
        {
            Held held = HeldOf(number);
            if (held.Versions.Remove(version, out (AdIndex Index, IDisposable? Adoption) dropped))
                dropped.Adoption?.Dispose();
            held.Shard.Remove(version);
        }
    }

    /// <summary>Drops all versions of a shard.</summary>
    public void DropAll(int number)
    {
        foreach ((string version, _) in VersionsOf(number))
            Drop(version, number);
    }

    /// <summary>Drops everything.</summary>
    public void Dispose()
    {
        int[] numbers;
        lock (_lock)
            numbers = [.. _shards.Keys];
        Array.ForEach(numbers, DropAll);
    }

    private (ShardVersion Opened, AdIndex Index) Open(IndexVersion version, int number)
    {
        IndexManifest manifest = IndexDirectory.ReadManifest(version.IndexDirectory);
        string fingerprint = ModelFingerprint.Of(version.ModelDirectory);
        if (manifest.ModelFingerprint != fingerprint)
        {
            throw new InvalidDataException(
                $"{version.IndexDirectory} was built from model {manifest.ModelFingerprint}; the model in {version.ModelDirectory} is "
                + $"{fingerprint}. Build the index again.");
        }
        if (ModelDirectory.Load(version.ModelDirectory) is not DeepAdModel model)
            throw new InvalidDataException($"{version.ModelDirectory} holds a vector model; walking an index wants a deep one.");
        GuidedSearchParameters parameters =
            IndexDirectory.ReadTuned(version.IndexDirectory, fingerprint)?.Parameters ?? GuidedSearchParameters.Default;
        AdIndex index = IndexDirectory.OpenShard(version.IndexDirectory, manifest, number);
        try
        {
            index.RequireShape(model.Config.Width, ModelFolder.RecordLength(model.Config));
            return (new ShardVersion(version.Name, index, IndexScorer.Of(model, index), parameters, team: null, time), index);
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    private Held HeldOf(int number)
    {
        if (!_shards.TryGetValue(number, out Held? held))
            _shards[number] = held = new Held(new Shard(time));
        return held;
    }

    private sealed record Held(Shard Shard)
    {
        public Dictionary<string, (AdIndex Index, IDisposable? Adoption)> Versions { get; } = [];
    }
}
