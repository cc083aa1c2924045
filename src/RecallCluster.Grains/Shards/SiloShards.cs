using Microsoft.Extensions.Logging;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Market;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Grains.Shards;

/// <summary>
/// The shards that this silo holds: opened from its own copy of the files, and fed with its own market's bids and placements, which are the
/// same on every silo. Thread-safe.
/// </summary>
internal sealed partial class SiloShards(SiloMarket market, SiloNode node, TimeProvider time, ILogger<SiloShards> logger) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, Held> _shards = [];

    /// <summary>A shard, which may hold no version yet.</summary>
    public Shard Of(int number)
    {
        lock (_lock)
            return HeldOf(number).Shard;
    }

    /// <summary>The versions of a shard that can be asked.</summary>
    public IReadOnlyList<(string Name, AdIndex Index)> VersionsOf(int number)
    {
        lock (_lock)
        {
            return
            [
                .. HeldOf(number).Versions.Where(version => version.Value.IsCompletedSuccessfully)
                    .Select(version => (version.Key, version.Value.Result.Index)),
            ];
        }
    }

    /// <summary>Opens a version of a shard; one that is there already, or on its way, is waited for.</summary>
    /// <exception cref="InvalidDataException">A file is broken, or of another model; the message names it.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="NotSupportedException">The model is not a deep one.</exception>
    public async Task LoadAsync(IndexVersion version, int number, CancellationToken cancellation)
    {
        Task<Loaded>? loading;
        lock (_lock)
        {
            Held held = HeldOf(number);
            // What failed before, such as a file that was not there yet, is tried again.
            if (!held.Versions.TryGetValue(version.Name, out loading) || loading is { IsCompleted: true, IsCompletedSuccessfully: false })
                held.Versions[version.Name] = loading = Task.Run(() => LoadAsync(held.Shard, version, number), CancellationToken.None);
        }
        await loading.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Drops a version, which is closed when its last search has ended.</summary>
    public void Drop(string version, int number)
    {
        lock (_lock)
        {
            Held held = HeldOf(number);
            if (held.Versions.Remove(version, out Task<Loaded>? loading))
                _ = CloseAsync(held.Shard, version, loading);
        }
    }

    /// <summary>Drops all versions of a shard.</summary>
    public void DropAll(int number)
    {
        string[] versions;
        lock (_lock)
            versions = [.. HeldOf(number).Versions.Keys];
        foreach (string version in versions)
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

    private async Task<Loaded> LoadAsync(Shard shard, IndexVersion version, int number)
    {
        var indexed = IndexedModel.Load(version.ModelDirectory, version.IndexDirectory);
        AdIndex index = indexed.OpenShard(number);
        try
        {
            shard.Add(Open(version.Name, indexed, index));
        }
        catch
        {
            index.Dispose();
            throw;
        }
        try
        {
            return new Loaded(index, await market.AdoptAsync(version.Name, shard, index, CancellationToken.None).ConfigureAwait(false));
        }
        catch
        {
            shard.Remove(version.Name);
            throw;
        }
    }

    /// <summary>The version on the silo's device, or on the processor where it has none, or none that can be used.</summary>
    private ShardVersion Open(string name, IndexedModel indexed, AdIndex index)
    {
        GuidedSearchParameters parameters = indexed.TunedParameters();
        if (node.Device is { } options)
        {
            try
            {
                IDeviceShard device = DevicePlugin.Load().Open(indexed.Model, index, parameters, options);
                index.ReleaseRecords();
                _ = EndWithAsync(device);
                LogDevice(logger, index.FilePath, device.Description);
                return new ShardVersion(name, index, new DeviceIndexScorer(device.Scorer), parameters, team: null, time)
                {
                    Walker = device.Walker,
                    Owned = device,
                };
            }
            catch (Exception e) when (e is DeviceUnavailableException or DeviceMemoryException or DeviceLostException)
            {
                LogNoDevice(logger, index.FilePath, e.Message);
            }
        }
        return new ShardVersion(name, index, IndexScorer.Of(indexed.Model, index), parameters, team: null, time);
    }

    /// <summary>A lost device poisons its process: the silo ends at once, and its next life scores on what there is then.</summary>
    private async Task EndWithAsync(IDeviceShard device)
    {
        DeviceLostException lost = await device.Lost.ConfigureAwait(false);
        LogLost(logger, lost.Message);
        // Nothing of the device's libraries can be trusted to come to an end.
        Environment.Exit(DeviceLostException.ExitCode);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} is scored by {Device}.")]
    private static partial void LogDevice(ILogger logger, string file, string device);

    [LoggerMessage(Level = LogLevel.Error, Message = "{File} is scored by the processor: {Reason}")]
    private static partial void LogNoDevice(ILogger logger, string file, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The silo ends: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);

    // One that is on its way is closed when it has come.
    private static async Task CloseAsync(Shard shard, string version, Task<Loaded> loading)
    {
        await ((Task)loading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!loading.IsCompletedSuccessfully)
            return;
        (await loading.ConfigureAwait(false)).Adoption.Dispose();
        shard.Remove(version);
    }

    private Held HeldOf(int number)
    {
        if (!_shards.TryGetValue(number, out Held? held))
            _shards[number] = held = new Held(new Shard(time));
        return held;
    }

    private sealed record Held(Shard Shard)
    {
        public Dictionary<string, Task<Loaded>> Versions { get; } = [];
    }

    /// <summary>A version that can be asked.</summary>
    private sealed record Loaded(AdIndex Index, IDisposable Adoption);
}
