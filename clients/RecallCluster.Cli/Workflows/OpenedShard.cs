using System.Security.Cryptography;
using RecallCluster.Http.Shards;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving;
using RecallCluster.Serving.Hosting;
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
    public static OpenedShard Open(string modelFolder, string indexDirectory, int number, int threads)
    {
        IndexManifest manifest = IndexDirectory.ReadManifest(indexDirectory);
        string fingerprint = ModelFingerprint.Of(modelFolder);
        if (manifest.ModelFingerprint != fingerprint)
            throw new InvalidDataException($"{indexDirectory} was built from model {manifest.ModelFingerprint}; the model in "
                + $"{modelFolder} is {fingerprint}. Build the index again.");
        if (number >= manifest.Shards.Count)
            throw new InvalidDataException(
                $"{indexDirectory} has {manifest.Shards.Count} shard(s), from 0 on; there is no shard {number}.");
        DeepAdModel model = IndexWorkflow.LoadDeep(modelFolder);
        GuidedSearchParameters parameters =
            IndexDirectory.ReadTuned(indexDirectory, fingerprint)?.Parameters ?? GuidedSearchParameters.Default;
        AdIndex index = IndexDirectory.OpenShard(indexDirectory, manifest, number);
        try
        {
            index.RequireShape(model.Config.Width, ModelFolder.RecordLength(model.Config));
            IScorer scorer = IndexScorer.Of(model, index);
            Func<NativeBlock<float>, int, IScorer> growing = IndexScorer.Growing(model);
            WorkerTeam? team = threads > 1 ? new WorkerTeam(threads) : null;
            ShardIdentity identity = ShardIdentity.Of(fingerprint, index.FilePath, number, manifest.Shards.Count, index.Count);
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
