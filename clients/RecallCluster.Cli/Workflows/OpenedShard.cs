using System.Security.Cryptography;
using RecallCluster.Http.Shards;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.Replicas;

namespace RecallCluster.Cli.Workflows;

/// <summary>One shard of an index directory, opened to be served.</summary>
internal sealed class OpenedShard : IDisposable
{
    private readonly AdIndex _index;
    private readonly IDisposable? _scoring;
    private readonly WorkerTeam? _team;

    private OpenedShard(AdIndex index, IDisposable? scoring, WorkerTeam? team, ServedShard served)
    {
        _index = index;
        _scoring = scoring;
        _team = team;
        Served = served;
    }

    public ServedShard Served { get; }

    /// <summary>The device that it is on; null for the processor.</summary>
    public IDeviceShard? Device => _scoring as IDeviceShard;

    /// <param name="modelFolder">The deep model.</param>
    /// <param name="indexDirectory">The index.</param>
    /// <param name="number">Which shard of it.</param>
    /// <param name="threads">Threads that share the scoring of a batch, where the processor scores.</param>
    /// <param name="device">The device that scores; null for the processor.</param>
    /// <exception cref="InvalidDataException">A file is broken, the index is of another model, or there is no such shard.</exception>
    /// <exception cref="NotSupportedException">The model is not a deep one.</exception>
    /// <exception cref="DeviceUnavailableException">There is no such device.</exception>
    /// <exception cref="DeviceMemoryException">The shard does not fit the device.</exception>
    public static OpenedShard Open(string modelFolder, string indexDirectory, int number, int threads, DeviceOptions? device = null)
    {
        var indexed = IndexedModel.Load(modelFolder, indexDirectory);
        GuidedSearchParameters parameters = indexed.TunedParameters();
        AdIndex index = indexed.OpenShard(number);
        IDisposable? scoring = null;
        try
        {
            IScorer scorer;
            IWalker? walker = null;
            Func<NativeBlock<float>, int, IScorer> growing = IndexScorer.Growing(indexed.Model);
            if (device is null)
            {
                scorer = IndexScorer.Of(indexed.Model, index);
                scoring = scorer as IDisposable;
            }
            else
            {
                IDeviceShard shard = DevicePlugin.Load().Open(indexed.Model, index, parameters, device);
                (scoring, walker) = (shard, shard.Walker);
                scorer = new DeviceIndexScorer(shard.Scorer);
                growing = DeviceIndexScorer.Growing(shard.Scorer, growing);
                index.ReleaseRecords();
            }
            // A device has a batch to itself.
            WorkerTeam? team = threads > 1 && device is null ? new WorkerTeam(threads) : null;
            ShardIdentity identity = ShardIdentity.Of(
                indexed.Fingerprint, index.FilePath, number, indexed.Manifest.Shards.Count, index.Count);
            var served = new ServedShard(
                identity,
                () =>
                {
                    var shard = new Shard(TimeProvider.System);
                    shard.Add(new ShardVersion(identity.ToString(), index, scorer, parameters, team, TimeProvider.System)
                    {
                        GrowingScorer = growing,
                        Walker = walker,
                    });
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
        _scoring?.Dispose();
        _index.Dispose();
        _team?.Dispose();
    }
}
