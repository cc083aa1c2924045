using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// The embedded edition: retriever and all shards in this process, from a model directory and an index directory.
/// <code>
/// model directory ─► user encoder ─┐
///                  └► scorer ──┐   ├─► RetrieverVersion ─► AdRetriever
/// index directory ─► shards ◄──┘ ──┘
/// </code>
/// Loading further versions is safe while requests run; each request sees one version only.
/// </summary>
public sealed class EmbeddedHost : IDisposable
{
    private readonly TimeProvider _time;
    private readonly WorkerTeam? _team;
    private int _loads;

    /// <summary>A host that serves nothing yet; its retriever is not ready.</summary>
    /// <param name="threads">Processors to use for one request; all by default.</param>
    /// <param name="time">The clock of deadlines and timings; the system's by default.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is not positive.</exception>
    public EmbeddedHost(int? threads = null, TimeProvider? time = null)
    {
        int size = threads ?? Environment.ProcessorCount;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size, nameof(threads));
        _team = size > 1 ? new WorkerTeam(size) : null;
        _time = time ?? TimeProvider.System;
        Retriever = new AdRetriever(_time);
    }

    /// <summary>What answers requests.</summary>
    public AdRetriever Retriever { get; }

    /// <summary>Opens a (model, index) version and lets requests from now on be answered with it. One call at a time.</summary>
    /// <exception cref="InvalidDataException">
    /// A file is broken, or the index is of another model; what was served before is served on.
    /// </exception>
    /// <exception cref="IOException">A file is missing or cannot be read; what was served before is served on.</exception>
    /// <exception cref="NotSupportedException">The model cannot walk an index: it is not a deep model.</exception>
    public void Load(EmbeddedHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        IndexManifest manifest = IndexDirectory.ReadManifest(options.IndexDirectory);
        string fingerprint = ModelFingerprint.Of(options.ModelDirectory);
        if (manifest.ModelFingerprint != fingerprint)
        {
            throw new InvalidDataException(
                $"{options.IndexDirectory} was built from model {manifest.ModelFingerprint}; the model in {options.ModelDirectory} is "
                + $"{fingerprint}. Build the index again.");
        }
        if (ModelDirectory.Load(options.ModelDirectory) is not DeepAdModel model)
            throw new NotSupportedException($"{options.ModelDirectory} holds a vector model; walking an index wants a deep one.");
        if (options.Users is { } users && !SameFields(users.Fields, model.Config.UserFields))
            throw new InvalidDataException("The users' profile fields are not those that the model was made for.");
        GuidedSearchParameters parameters = options.Parameters
            ?? IndexDirectory.ReadTuned(options.IndexDirectory, fingerprint)?.Parameters ?? GuidedSearchParameters.Default;
        AdIndex[] indexes = OpenAll(options, manifest, model);
        RetrieverVersion? version = null;
        try
        {
            version = Assemble($"{fingerprint}.{++_loads}", model, indexes, parameters, options);
            WarmUp(version);
            Retriever.Publish(version);
        }
        catch
        {
            version?.Dispose();
            Array.ForEach(indexes, index => index.Dispose());
            throw;
        }
    }

    /// <summary>Stops answering and closes everything that no request uses any more.</summary>
    public void Dispose()
    {
        Retriever.Dispose();
        _team?.Dispose();
    }

    private static AdIndex[] OpenAll(EmbeddedHostOptions options, IndexManifest manifest, DeepAdModel model)
    {
        var indexes = new List<AdIndex>();
        try
        {
            for (int shard = 0; shard < manifest.Shards.Count; shard++)
            {
                AdIndex index = IndexDirectory.OpenShard(options.IndexDirectory, manifest, shard, options.Check);
                indexes.Add(index);
                index.RequireShape(model.Config.Width, ModelFolder.RecordLength(model.Config));
            }
        }
        catch
        {
            indexes.ForEach(i => i.Dispose());
            throw;
        }
        return [.. indexes];
    }

    /// <summary>Answers a request of nobody, so that the first real one does not wait for compilation and for the device.</summary>
    private static void WarmUp(RetrieverVersion version)
    {
        PreparedUser nobody = version.Users.Prepare(new UserFeatures());
        Task<ShardAnswer>[] searches = [.. version.Shards.Select(
            s => s.Shard.SearchAsync(new ShardQuery(version.Name, nobody.State, 1), default))];
        Task.WaitAll(searches);
    }

    private RetrieverVersion Assemble(
        string name, DeepAdModel model, AdIndex[] indexes, GuidedSearchParameters parameters, EmbeddedHostOptions options)
    {
        // Several shards are searched side by side already; with one, the threads share the scoring of each batch.
        WorkerTeam? team = indexes.Length == 1 ? _team : null;
        var table = new AdVectorTable(model.Config, indexes);
        bool folded = model.Config.Attention == AttentionKind.Linear;
        Data.Field[] fields = Array.ConvertAll(model.Config.UserFields, f => new Data.Field(f.Name, f.Cardinality));
        var users = new ModelUsers(UserEncoder.Of(model, table.Ads, folded), table, fields, options.Users);
        var shards = new ShardSlot[indexes.Length];
        for (int i = 0; i < shards.Length; i++)
        {
            var shard = new Shard(_time);
            shard.Add(new ShardVersion(name, indexes[i], IndexScorer.Of(model, indexes[i]), parameters, team, _time));
            shards[i] = new ShardSlot(shard, indexes[i].Count);
        }
        return new RetrieverVersion(name, users, shards, () =>
        {
            table.Dispose();
            foreach (ShardSlot slot in shards)
                ((Shard)slot.Shard).Dispose();
        });
    }

    private static bool SameFields(IReadOnlyList<Data.Field> one, ModelField[] other) =>
        one.Count == other.Length
            && one.Zip(other).All(pair => pair.First.Name == pair.Second.Name && pair.First.Cardinality == pair.Second.Cardinality);
}
