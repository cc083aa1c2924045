using System.Security.Cryptography;
using RecallCluster.Http.Shards;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.Replicas;

namespace RecallCluster.Cli.Workflows;

/// <summary>One shard of an index directory, opened to be served.</summary>
internal sealed class OpenedShard : IDisposable
{
    private readonly AdIndex _index;
    private readonly IScorer _scorer;
    private readonly WorkerTeam? _team;

    private OpenedShard(AdIndex index, IScorer scorer, WorkerTeam? team, ServedShard served)
    {
        _index = index;
        _scorer = scorer;
        _team = team;
        Served = served;
    }

    public ServedShard Served { get; }

    /// <exception cref="InvalidDataException">A file is broken, the index is of another model, or there is no such shard.</exception>
    /// <exception cref="NotSupportedException">The model is not a deep one.</exception>
    public static OpenedShard Open(string modelFolder, string indexDirectory, int number, int threads)
    {
        var indexed = IndexedModel.Load(modelFolder, indexDirectory);
        GuidedSearchParameters parameters = indexed.TunedParameters();
        AdIndex index = indexed.OpenShard(number);
        try
        {
            IScorer scorer = IndexScorer.Of(indexed.Model, index);
            Func<NativeBlock<float>, int, IScorer> growing = IndexScorer.Growing(indexed.Model);
            WorkerTeam? team = threads > 1 ? new WorkerTeam(threads) : null;
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
                    });
                    return shard;
                },
                BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
            return new OpenedShard(index, scorer, team, served);
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        (_scorer as IDisposable)?.Dispose();
        _index.Dispose();
        _team?.Dispose();
    }
}
