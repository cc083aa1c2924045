namespace RecallCluster.Serving;

/// <summary>One request for ads.</summary>
/// <param name="User">Whom the ads are for.</param>
/// <param name="K">How many ads to return; positive.</param>
public sealed record RetrievalRequest(UserFeatures User, int K)
{
    /// <summary>Time within which the answer must be there, counted from the call, at most a day; null for no limit.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Most ads that may be scored, over all shards; null for what the index was tuned to.</summary>
    public int? MaxScorings { get; init; }

    /// <summary>Ids of ads that must not be returned; unknown ids do no harm.</summary>
    public IReadOnlyCollection<string> Exclude { get; init; } = [];

    /// <summary>Ranks by expected value among eligible ads, under the bid books that the shards hold; null ranks by interest.</summary>
    public ValueRanking.ValueQuery? Value { get; init; }

    internal int MostPerCampaign => Value?.MostPerCampaign ?? int.MaxValue;
}
