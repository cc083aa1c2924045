namespace RecallCluster.Serving;

/// <summary>A part of the ads that can be searched, in this process or in another. Thread-safe.</summary>
public interface IShard
{
    /// <summary>The best ads of the shard for one user.</summary>
    /// <exception cref="InvalidOperationException">The shard does not hold <see cref="ShardQuery.Version"/>.</exception>
    Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation);
}

/// <summary>What a gateway asks of a shard.</summary>
/// <param name="Version">Version of the model that prepared the state; the shard answers with this version or not at all.</param>
/// <param name="UserState">Prepared user state.</param>
/// <param name="K">How many ads to return.</param>
public sealed record ShardQuery(string Version, ReadOnlyMemory<float> UserState, int K)
{
    /// <summary>Most ads that may be scored; null for what the index was tuned to.</summary>
    public int? MaxScorings { get; init; }

    /// <summary>
    /// Time left, counted from when the shard receives the query; null for no limit. When it is over, the shard answers what it has.
    /// </summary>
    public TimeSpan? TimeLeft { get; init; }

    /// <summary>Ids of ads near which good ones are likely, such as the user's behaviours; those that the shard does not hold are passed over.</summary>
    public IReadOnlyCollection<string> Seeds { get; init; } = [];

    /// <summary>Ids of ads that must not be returned.</summary>
    public IReadOnlyCollection<string> Exclude { get; init; } = [];

    /// <summary>Ranks by expected value under the shard's latest bid book, among eligible ads; null ranks by interest.</summary>
    public ValueRanking.ValueQuery? Value { get; init; }
}

/// <summary>What a shard found.</summary>
/// <param name="Ads">Best first.</param>
/// <param name="Scorings">Distinct ads scored.</param>
/// <param name="Limits">What cut the search short.</param>
public sealed record ShardAnswer(IReadOnlyList<ScoredAd> Ads, int Scorings, SearchLimits Limits);
