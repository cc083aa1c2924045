using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Placement;
using RecallCluster.Retrieval.Files;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.Replicas;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Shards;

/// <summary>Looks at files of versions; they are the same on all silos that hold shards.</summary>
[RolePlacement(SiloRoles.Retrieval)]
internal sealed class IndexFilesGrain(SiloNode node) : Grain, IIndexFilesGrain
{
    public Task<IndexVersion[]> ListAsync() => Task.Run(() =>
    {
        var versions = new List<IndexVersion>();
        foreach (VersionPair pair in Pairs())
        {
            if (pair.View(isRunning: false) is not { } view)
                continue;
            versions.Add(new IndexVersion("", pair.ModelDirectory, pair.IndexDirectory, view.Shards, 0)
            {
                Title = view.Name, Ads = view.Ads,
            });
        }
        return versions.ToArray();
    });

    public Task<IndexVersion> DescribeAsync(string title, string modelDirectory, string indexDirectory) => Task.Run(() =>
    {
        try
        {
            return Describe(title, modelDirectory, indexDirectory);
        }
        catch (IOException e)
        {
            throw new InvalidDataException(e.Message);
        }
    });

    private static IndexVersion Describe(string title, string modelDirectory, string indexDirectory)
    {
        IndexManifest manifest = IndexDirectory.ReadManifest(indexDirectory);
        string fingerprint = ModelFingerprint.Of(modelDirectory);
        if (fingerprint != manifest.ModelFingerprint)
        {
            throw new InvalidDataException(
                $"{indexDirectory} was built from model {manifest.ModelFingerprint}; the model in {modelDirectory} is {fingerprint}.");
        }
        var files = new string[manifest.Shards.Count];
        long largest = 0, ads = 0;
        for (int shard = 0; shard < files.Length; shard++)
        {
            using AdIndex index = IndexDirectory.OpenShard(indexDirectory, manifest, shard, IndexCheck.Header);
            files[shard] = ShardIdentity.Of(fingerprint, index.FilePath, shard, files.Length, index.Count).Index;
            (largest, ads) = (Math.Max(largest, index.FileBytes), ads + index.Count);
        }
        return new IndexVersion(fingerprint, modelDirectory, indexDirectory, files.Length, largest)
        {
            Title = title, Files = files, Ads = ads,
        };
    }

    private IEnumerable<VersionPair> Pairs()
    {
        IReadOnlyList<VersionPair> pairs = VersionPair.In(node.VersionsDirectory);
        return node is { ModelDirectory: { } model, IndexDirectory: { } index }
            && VersionPair.Of(model, index, node.VersionsDirectory) is var own && pairs.All(pair => pair.Name != own.Name)
            ? [own, .. pairs]
            : pairs;
    }
}
