namespace RecallCluster.Retrieval.Guided;

/// <summary>One request to <see cref="GuidedSearch"/>.</summary>
public readonly ref struct GuidedRequest
{
    /// <summary>A request for the <paramref name="k"/> best ads for a user.</summary>
    /// <param name="userState">Prepared user state, <see cref="IScorer.UserStateLength"/> floats.</param>
    /// <param name="k">Number of ads wanted, at least 1.</param>
    public GuidedRequest(ReadOnlySpan<float> userState, int k)
    {
        UserState = userState;
        K = k;
    }

    /// <summary>Prepared user state.</summary>
    public ReadOnlySpan<float> UserState { get; }

    /// <summary>Number of ads wanted.</summary>
    public int K { get; }

    /// <summary>The ads that may be returned; null for all. Others are walked through, never returned.</summary>
    public EligibilityFilter? Filter { get; init; }

    /// <summary>
    /// What ads are kept by; null for the score that routes. Where it does not bend the scores (<see cref="IResultRanking.Steer"/>), it
    /// does not change which ads are scored.
    /// </summary>
    public IResultRanking? Ranking { get; init; }

    /// <summary>
    /// The <see cref="TimeProvider.GetTimestamp"/> after which no further batch is scored, or null. A batch that has begun is finished, so
    /// the answer may be late by one batch.
    /// </summary>
    public long? Deadline { get; init; }

    /// <summary>
    /// Ads near which good ones are likely, above all those that the user chose before: entry points of the bottom layer beside those that
    /// the upper layers find. They are scored like any other ad, within the budget. Ordinals that name no ad are passed over.
    /// </summary>
    public ReadOnlySpan<int> Seeds { get; init; }

    /// <summary>Hard limit of scorings for this request, where it is below that of the parameters; null for theirs.</summary>
    public int? MaxScorings { get; init; }
}
