using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving;

/// <summary>A part of the ads that can be searched, in this process or in another. Thread-safe.</summary>
public interface IShard
{
    /// <summary>The best ads of the shard for one user.</summary>
    /// <exception cref="InvalidOperationException">
    /// The shard does not hold <see cref="ShardQuery.Version"/>, or shall rank by value and was given no bid book or no placements yet.
    /// </exception>
    Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation);

    /// <summary>
    /// Gives the shard the bids to rank by: from now on in this process, as soon as it gets there in another. An older book than the one
    /// that is there changes nothing.
    /// </summary>
    void Publish(BidBook book);

    /// <summary>
    /// Tells whose each ad of one version is and what kind it is; with the same delays. An older revision than the one that is there
    /// changes
    /// nothing.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The shard is in this process and does not hold that version, or the lists are not as long as its ads.
    /// </exception>
    void Publish(ShardPlacements placements);

    /// <summary>
    /// Puts ads in that the index does not hold, and takes such ads out: when this returns in this process, as soon as it gets there in
    /// another. A shorter log than the one that is in changes nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The shard is in this process and does not hold that version, or it takes no new ads.
    /// </exception>
    /// <exception cref="ArgumentException">An ad's vector or record has another length than the index's, or holds NaN.</exception>
    void Publish(ShardAdditions additions);
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

    /// <summary>Ids of ads near which good ones are likely, such as the user's behaviours; those that the shard does not hold are passed
    /// over.</summary>
    public IReadOnlyCollection<string> Seeds { get; init; } = [];

    /// <summary>Ids of ads that must not be returned.</summary>
    public IReadOnlyCollection<string> Exclude { get; init; } = [];

    /// <summary>Ranks by expected value under the shard's latest bid book, among eligible ads; null ranks by interest.</summary>
    public ValueQuery? Value { get; init; }
}

/// <summary>What a shard found.</summary>
/// <param name="Ads">Best first.</param>
/// <param name="Scorings">Distinct ads scored.</param>
/// <param name="Limits">What cut the search short.</param>
public sealed record ShardAnswer(IReadOnlyList<ScoredAd> Ads, int Scorings, SearchLimits Limits);
