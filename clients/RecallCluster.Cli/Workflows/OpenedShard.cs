using System.Security.Cryptography;
using RecallCluster.Http.Shards;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Files;
using RecallCluster.Serving;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.Replicas;

namespace RecallCluster.Cli.Workflows;

/// <summary>One shard of an index directory, opened to be served.</summary>
internal sealed class OpenedShard : IDisposable
{
    private readonly AdIndex _index;
    private readonly ShardScoring _scoring;
    private readonly WorkerTeam? _team;

    private OpenedShard(AdIndex index, ShardScoring scoring, WorkerTeam? team, ServedShard served)
    {
        _index = index;
        _scoring = scoring;
        _team = team;
        Served = served;
    }

    public ServedShard Served { get; }

    /// <summary>The device that it is on; null for the processor.</summary>
    public IDeviceShard? Device => _scoring.Device;

    /// <param name="modelFolder">The deep model.</param>
    /// <param name="indexDirectory">The index.</param>
    /// <param name="number">Which shard of it.</param>
    /// <param name="threads">Threads that share the scoring of a batch, where the processor scores.</param>
    /// <param name="device">The device that scores; null for the processor.</param>
    /// <param name="standsBy">
    /// Whether it is opened for the case that it is needed: records are scored where the file is mapped, which takes no memory until then.
    /// </param>
    /// <exception cref="InvalidDataException">A file is broken, the index is of another model, or there is no such shard.</exception>
    /// <exception cref="NotSupportedException">The model is not a deep one.</exception>
    /// <exception cref="DeviceUnavailableException">There is no such device.</exception>
    /// <exception cref="DeviceMemoryException">The shard does not fit the device.</exception>
    public static OpenedShard Open(
        string modelFolder, string indexDirectory, int number, int threads, DeviceOptions? device = null, bool standsBy = false)
    {
        var indexed = IndexedModel.Load(modelFolder, indexDirectory);
        AdIndex index = indexed.OpenShard(number);
        ShardScoring? scoring = null;
        try
        {
            scoring = device is null
                ? ShardScoring.OnProcessor(indexed, index, isMapped: standsBy)
                : ShardScoring.OnDevice(indexed, index, device);
            // A device has a batch to itself.
            WorkerTeam? team = threads > 1 && device is null ? new WorkerTeam(threads) : null;
            ShardIdentity identity = ShardIdentity.Of(
                indexed.Fingerprint, index.FilePath, number, indexed.Manifest.Shards.Count, index.Count);
            // As many as the processor can do, of all gateways together.
            var slots = new SearchSlots();
            var served = new ServedShard(
                identity,
                () =>
                {
                    var shard = new Shard(TimeProvider.System, slots);
                    shard.Add(scoring.Share(identity.ToString(), team, TimeProvider.System));
                    return shard;
                },
                BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
            return new OpenedShard(index, scoring, team, served);
        }
        catch
        {
            scoring?.Dispose();
            index.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _scoring.Dispose();
        _index.Dispose();
        _team?.Dispose();
    }
}
