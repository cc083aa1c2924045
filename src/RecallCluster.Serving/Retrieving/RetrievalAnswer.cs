namespace RecallCluster.Serving;

/// <summary>An ad that was found.</summary>
/// <param name="Id">The ad.</param>
/// <param name="Score">The model's score for it: the logit of interest.</param>
public readonly record struct ScoredAd(string Id, float Score)
{
    /// <summary>
    /// What answers are ordered by, higher is better: the expected revenue of an impression, in units of the currency, where the ranking is
    /// by
    /// value; else the score.
    /// </summary>
    public float Value { get; init; } = Score;

    /// <summary>Number of its campaign in the bid book that it was ranked by; -1 where the ranking is by interest.</summary>
    public int Campaign { get; init; } = -1;
}

/// <summary>The answer to an <see cref="RetrievalRequest"/>.</summary>
public sealed record RetrievalAnswer
{
    /// <summary>The ads, best first, no id twice; at most as many as asked for.</summary>
    public required IReadOnlyList<ScoredAd> Ads { get; init; }

    /// <summary>Version of the model and the indexes that answered.</summary>
    public required string Version { get; init; }

    /// <summary>What raw click probabilities of the scores are.</summary>
    public ClickModel Clicks { get; init; } = ClickModel.Unnamed;

    /// <summary>Share of all ads that stand on shards that answered, in [0, 1]; below 1 the answer is partial.</summary>
    public required double Coverage { get; init; }

    /// <summary>Distinct ads scored, over all shards.</summary>
    public required long Scorings { get; init; }

    /// <summary>Why a shard stopped before its search was through, over all shards.</summary>
    public required SearchLimits Limits { get; init; }

    /// <summary>How the user's features were understood.</summary>
    public required UserReading User { get; init; }

    /// <summary>The shards that did not answer.</summary>
    public required IReadOnlyList<ShardFailure> Failures { get; init; }

    /// <summary>Where the time went.</summary>
    public required AnswerTimings Timings { get; init; }
}

/// <summary>What cut a search short.</summary>
[Flags]
public enum SearchLimits
{
    /// <summary>Nothing did.</summary>
    None = 0,

    /// <summary>It reached the most scorings allowed.</summary>
    Scorings = 1,

    /// <summary>It ran out of time.</summary>
    Deadline = 2,
}

/// <summary>How a request's user features were understood.</summary>
/// <param name="Known">Whether the user's id was found.</param>
/// <param name="SequenceLength">Ads of the sequence that the model saw.</param>
/// <param name="UnknownSequenceItems">Ids of the sequence that no shard knows; they were left out.</param>
/// <param name="DroppedSequenceItems">
/// Known ids that were dropped, oldest first, because the sequence is longer than the model's limit.
/// </param>
public readonly record struct UserReading(bool Known, int SequenceLength, int UnknownSequenceItems, int DroppedSequenceItems);

/// <summary>A shard that did not answer.</summary>
/// <param name="Shard">Number of the shard.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record ShardFailure(int Shard, string Reason);

/// <summary>Where a request's time went.</summary>
/// <param name="Prepare">From features to the prepared user state.</param>
/// <param name="Search">Until the last shard answered, or the deadline came.</param>
/// <param name="Merge">Merging the shards' answers.</param>
public readonly record struct AnswerTimings(TimeSpan Prepare, TimeSpan Search, TimeSpan Merge)
{
    /// <summary>All of it.</summary>
    public TimeSpan Total => Prepare + Search + Merge;
}
