namespace RecallCluster.Serving;

/// <summary>A shard as a retriever knows it.</summary>
/// <param name="Shard">Where to ask.</param>
/// <param name="Ads">Number of ads that it holds.</param>
public sealed record ShardSlot(IShard Shard, int Ads);

/// <summary>What a retriever answers with.</summary>
/// <param name="Version">Name of the version.</param>
/// <param name="Shards">Number of shards.</param>
/// <param name="Ads">Number of ads over all shards.</param>
public sealed record RetrieverSummary(string Version, int Shards, long Ads);

/// <summary>One version of everything that a retriever needs: what prepares the user and the shards that hold the same version.</summary>
public sealed class RetrieverVersion : IDisposable
{
    private readonly Action? _retired;
    private readonly long _ads;

    /// <summary>A version.</summary>
    /// <param name="name">Name of the version, which the shards know it by.</param>
    /// <param name="users">Turns features into the state that these shards' scorers read.</param>
    /// <param name="shards">The shards; at least one.</param>
    /// <param name="retired">Called when no request uses the version any more; null for nothing.</param>
    /// <exception cref="ArgumentException">There is no shard, or a shard's number of ads is negative.</exception>
    public RetrieverVersion(string name, IUserStatePreparer users, IReadOnlyList<ShardSlot> shards, Action? retired = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(users);
        ArgumentNullException.ThrowIfNull(shards);
        if (shards.Count == 0)
            throw new ArgumentException("A retriever needs at least one shard.", nameof(shards));
        if (shards.Any(s => s.Ads < 0))
            throw new ArgumentException("A shard's number of ads is negative.", nameof(shards));
        Name = name;
        Users = users;
        Shards = shards;
        _retired = retired;
        _ads = shards.Sum(s => (long)s.Ads);
    }

    /// <summary>Name of the version.</summary>
    public string Name { get; }

    /// <summary>What raw click probabilities of the scores are: part of the version.</summary>
    public ClickModel Clicks { get; init; } = ClickModel.Unnamed;

    /// <summary>Turns features into prepared user states.</summary>
    public IUserStatePreparer Users { get; }

    /// <summary>The shards.</summary>
    public IReadOnlyList<ShardSlot> Shards { get; }

    /// <summary>Number of ads over all shards.</summary>
    public long Ads => _ads;

    /// <summary>Says that no request uses the version any more.</summary>
    public void Dispose() => _retired?.Invoke();

    /// <summary>Share of the ads on the shards that answered; of the shards themselves where there is no ad at all.</summary>
    internal double CoverageOf(IEnumerable<bool> answered)
    {
        double covered = 0;
        foreach ((int shard, bool there) in answered.Index())
            covered += there ? Weight(shard) : 0;
        // Adding up thirds must not make a full answer look partial.
        return Math.Round(covered, 12);
    }

    /// <summary>A shard's share of a limit of scorings, by its number of ads; every shard may score at least one.</summary>
    internal int? ShareOf(int? maxScorings, int shard) =>
        maxScorings is { } max ? Math.Max(1, (int)(max * Weight(shard))) : null;

    /// <summary>
    /// How many ads to ask of a shard for the K best of all. By interest a share is enough; where it was too few, the retriever notices and
    /// makes good. By value it is all of K: many ads tie at a bid's cap, and a campaign's ads beyond its most leave gaps, so that shares
    /// would nearly always have to be made good.
    /// </summary>
    internal int QuotaOf(RetrievalRequest request, int shard) =>
        request.Value is null ? ShardMap.QuotaOf(request.K, Weight(shard)) : request.K;

    private double Weight(int shard) => _ads == 0 ? 1.0 / Shards.Count : (double)Shards[shard].Ads / _ads;
}
