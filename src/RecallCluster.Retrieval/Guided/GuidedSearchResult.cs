namespace RecallCluster.Retrieval.Guided;

/// <summary>Why a guided search ended.</summary>
public enum StopReason
{
    /// <summary>Every layer had its hops.</summary>
    Completed,

    /// <summary>The bottom layer's frontier ran empty before its hops were used: more hops would find nothing.</summary>
    FrontierEmpty,

    /// <summary>Few ads were eligible and all of them were scored, without a walk: the result is exact.</summary>
    ScannedEligible,

    /// <summary>The limit of scorings was reached first.</summary>
    Budget,

    /// <summary>The deadline passed first.</summary>
    Deadline,
}

/// <summary>What a guided search did. Ticks are those of <see cref="TimeProvider.GetTimestamp"/>.</summary>
public record struct GuidedSearchStatistics
{
    /// <summary>Why the search ended.</summary>
    public StopReason StopReason { get; set; }

    /// <summary>Number of scorings; an ad met on several layers counts once.</summary>
    public int Scorings { get; set; }

    /// <summary>Number of frontier expansions, all layers together.</summary>
    public int Hops { get; set; }

    /// <summary>Number of ads met again on a lower layer, whose score was kept.</summary>
    public int ReusedScores { get; set; }

    /// <summary>
    /// Number of scorings outside the walk: a scan of the eligible ads, or the filling of a result that the walk left short.
    /// </summary>
    public int ScannedScorings { get; set; }

    /// <summary>Number of scores that were NaN; such ads are neither returned nor walked through.</summary>
    public int NanScores { get; set; }

    /// <summary>An ad whose score was NaN, or null.</summary>
    public int? NanOrdinal { get; set; }

    /// <summary>Time spent gathering neighbours.</summary>
    public long GatherTicks { get; set; }

    /// <summary>Time spent in the scorer.</summary>
    public long ScoreTicks { get; set; }

    /// <summary>Time spent keeping the best.</summary>
    public long SelectTicks { get; set; }

    /// <summary>Time of the whole search.</summary>
    public long TotalTicks { get; set; }
}

/// <summary>The ads found, best first.</summary>
/// <param name="Ordinals">Their ordinals.</param>
/// <param name="Scores">Their scores, one per ordinal.</param>
/// <param name="Statistics">What the search did.</param>
public sealed record GuidedSearchResult(int[] Ordinals, float[] Scores, GuidedSearchStatistics Statistics)
{
    /// <summary>What they were kept by, descending: the request's ranking, or the scores where it had none.</summary>
    public float[] Values { get; init; } = Scores;
}
