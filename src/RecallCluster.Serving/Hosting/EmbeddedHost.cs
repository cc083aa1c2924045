using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.Replicas;

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
public sealed class EmbeddedHost : IDisposable, IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly WorkerTeam? _team;
    private readonly SearchSlots _slots;
    private readonly Lock _shardsLock = new();
    private readonly List<Joined> _joined = [];
    private ClickModel _clicks = ClickModel.Unnamed;
    private IShardLoop? _loop;
    private int _loads;

    /// <summary>A host that serves nothing yet; its retriever is not ready.</summary>
    /// <param name="threads">Processors to search with; all by default.</param>
    /// <param name="time">The clock of deadlines and timings; the system's by default.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is not positive.</exception>
    public EmbeddedHost(int? threads = null, TimeProvider? time = null)
    {
        int size = threads ?? Environment.ProcessorCount;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size, nameof(threads));
        _team = size > 1 ? new WorkerTeam(size) : null;
        _time = time ?? TimeProvider.System;
        _slots = new SearchSlots(size);
        Retriever = new AdRetriever(_time, size);
    }

    /// <summary>What answers requests.</summary>
    public AdRetriever Retriever { get; }

    /// <summary>Campaigns, auctions, feedback; null until <see cref="OpenLoopAsync"/>: then there are candidates only.</summary>
    public ClosedLoop? Loop => _loop as ClosedLoop;

    /// <summary>Joins a market and its state to the shards, those that are loaded and those to come.</summary>
    /// <param name="options">What is sold and how.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="InvalidOperationException">There is a loop already.</exception>
    /// <inheritdoc cref="ClosedLoop.OpenAsync" path="/exception"/>
    public async Task<ClosedLoop> OpenLoopAsync(ClosedLoopOptions options, CancellationToken cancellation = default)
    {
        RequireNoLoop();
        ClosedLoop loop = await ClosedLoop.OpenAsync(Retriever, options, _time, cancellation).ConfigureAwait(false);
        try
        {
            await JoinAsync(loop, cancellation).ConfigureAwait(false);
        }
        catch
        {
            await loop.DisposeAsync().ConfigureAwait(false);
            throw;
        }
        return loop;
    }

    /// <summary>Joins a loop to the shards, those that are loaded and those to come; from then on it is disposed with the host.</summary>
    /// <param name="loop">The loop, over this host's retriever.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="InvalidOperationException">There is a loop already.</exception>
    internal async Task JoinAsync(IShardLoop loop, CancellationToken cancellation)
    {
        RequireNoLoop();
        await loop.UseAsync(_clicks, cancellation).ConfigureAwait(false);
        lock (_shardsLock)
        {
            _loop = loop;
            foreach (Joined version in _joined)
                Adopt(loop, version);
        }
    }

    /// <summary>Opens a (model, index) version and lets requests from now on be answered with it. One call at a time.</summary>
    /// <exception cref="InvalidDataException">
    /// A file is broken, or the index is of another model; what was served before is served on.
    /// </exception>
    /// <exception cref="IOException">A file is missing or cannot be read; what was served before is served on.</exception>
    /// <exception cref="NotSupportedException">The model cannot walk an index: it is not a deep model.</exception>
    public void Load(EmbeddedHostOptions options) => Use(Open(options));

    /// <summary>Opens a version beside the running one; requests do not see it before <see cref="Use"/>. One call at a time.</summary>
    /// <returns>It, to be used or disposed.</returns>
    /// <inheritdoc cref="Load" path="/exception"/>
    internal RetrieverVersion Open(EmbeddedHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var indexed = IndexedModel.Load(options.ModelDirectory, options.IndexDirectory);
        DeepAdModel model = indexed.Model;
        options.NewAds.Check();
        ModelField[] fields = ModelField.LabelledBy(model.Config.UserFields, options.Users?.Fields);
        KnownUsers? known = options.Users is { } users ? new KnownUsers(users, fields) : null;
        GuidedSearchParameters parameters = options.Parameters ?? indexed.TunedParameters();
        AdIndex[] indexes = OpenAll(indexed, options.Check);
        try
        {
            var clicks = ClickModel.Of(indexed.Fingerprint, indexed.Manifest.Clicks ?? ClickScale.Logits);
            string name = options.Name ?? $"{indexed.Fingerprint}.{++_loads}";
            return Assemble(name, model, (fields, known), indexes, parameters, clicks, options);
        }
        catch
        {
            Array.ForEach(indexes, index => index.Dispose());
            throw;
        }
    }

    /// <summary>
    /// Lets requests from now on be answered with a version that was opened here, which it takes over. One call at a time.
    /// </summary>
    internal void Use(RetrieverVersion version)
    {
        try
        {
            // Its maps first: a request must not be calibrated by those of another model.
            _loop?.UseAsync(version.Clicks, CancellationToken.None).GetAwaiter().GetResult();
            Retriever.Publish(version);
            _clicks = version.Clicks;
        }
        catch
        {
            version.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Stops answering and closes everything that no request uses any more. A closed loop wants <see cref="DisposeAsync"/>.
    /// </summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Stops gracefully: the loop's leases and reports first, then the shards.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_loop is { } loop)
            await loop.DisposeAsync().ConfigureAwait(false);
        Retriever.Dispose();
        _team?.Dispose();
    }

    private void RequireNoLoop()
    {
        if (_loop is not null)
            throw new InvalidOperationException("The host has a closed loop already.");
    }

    private void Join(Joined version)
    {
        lock (_shardsLock)
        {
            _joined.Add(version);
            if (_loop is { } loop)
                Adopt(loop, version);
        }
    }

    // New ads last: they are told of when the shards know whose their ads are.
    private static void Adopt(IShardLoop loop, Joined version)
    {
        foreach (LoopShard shard in version.Shards)
            version.Adoptions.Push(loop.Adopt(shard));
        version.Adoptions.Push(loop.Adopt(version.NewAds));
    }

    private void Part(Joined version)
    {
        lock (_shardsLock)
        {
            while (version.Adoptions.TryPop(out IDisposable? adoption))
                adoption.Dispose();
            _joined.Remove(version);
        }
    }

    private static AdIndex[] OpenAll(IndexedModel indexed, IndexCheck check)
    {
        var indexes = new List<AdIndex>();
        try
        {
            for (int shard = 0; shard < indexed.Manifest.Shards.Count; shard++)
                indexes.Add(indexed.OpenShard(shard, check));
        }
        catch
        {
            indexes.ForEach(i => i.Dispose());
            throw;
        }
        return [.. indexes];
    }

    /// <summary>Answers a request of nobody, so that the first real one does not wait for compilation and for the device.</summary>
    private static void WarmUp(string version, ModelUsers users, Shard shard) =>
        shard.Search(new ShardQuery(version, users.Prepare(new UserFeatures()).State, 1));

    private RetrieverVersion Assemble(
        string name, DeepAdModel model, (ModelField[] Fields, KnownUsers? Known) profiles, AdIndex[] indexes,
        GuidedSearchParameters parameters, ClickModel clicks, EmbeddedHostOptions options)
    {
        // Several shards are searched side by side already; with one, the threads share the scoring of each batch.
        WorkerTeam? team = indexes.Length == 1 ? _team : null;
        var table = new AdVectorTable(model.Config, indexes);
        bool folded = model.Config.Attention == AttentionKind.Linear;
        var users = new ModelUsers(UserEncoder.Of(model, table.Ads, folded), table, profiles.Fields, profiles.Known);
        var embedder = new AdEmbedder(model, options.Users?.AdFields);
        Func<NativeBlock<float>, int, IScorer> growing = IndexScorer.Growing(model);
        var closers = new Stack<Action>();
        var shards = new ShardSlot[indexes.Length];
        var locals = new Shard?[indexes.Length];
        for (int i = 0; i < shards.Length; i++)
        {
            AdIndex index = indexes[i];
            Shard? local = null;
            if (options.Shards?.WantsLocal(i) != false)
            {
                local = new Shard(_time, _slots);
                local.Add(new ShardVersion(name, indexes[i], IndexScorer.Of(model, indexes[i]), parameters, team, _time)
                {
                    GrowingScorer = growing,
                });
                WarmUp(name, users, local);
            }
            IShard shard = options.Shards is null
                ? local!
                : options.Shards.Resolve(
                    ShardIdentity.Of(index.Metadata.ModelFingerprint, index.FilePath, i, indexes.Length, index.Count), local);
            closers.Push(() =>
            {
                if (shard != local)
                    (shard as IDisposable)?.Dispose();
                // A local shard closes its index itself.
                if (local is null)
                    index.Dispose();
                local?.Dispose();
            });
            (shards[i], locals[i]) = (new ShardSlot(shard, indexes[i].Count), local);
        }
        var newAds = new NewAdKeeper(
            name, embedder, [.. shards.Zip(indexes, (slot, index) => ((AdIndex, IShard)?)(index, slot.Shard))], table, options.NewAds);
        var joined = new Joined([.. shards.Select((slot, i) => new LoopShard(i, name, slot.Shard, locals[i], indexes[i], newAds))], newAds);
        Join(joined);
        return new RetrieverVersion(name, users, shards, () =>
        {
            Part(joined);
            table.Dispose();
            foreach (Action close in closers)
                close();
        })
        {
            Clicks = clicks,
        };
    }

    /// <summary>A version that is open, with what a loop wants of it.</summary>
    private sealed class Joined(List<LoopShard> shards, NewAdKeeper newAds)
    {
        public List<LoopShard> Shards => shards;

        public NewAdKeeper NewAds => newAds;

        /// <summary>What the loop was given; taken back in reverse.</summary>
        public Stack<IDisposable> Adoptions { get; } = [];
    }
}
