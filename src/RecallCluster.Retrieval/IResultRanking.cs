namespace RecallCluster.Retrieval;

/// <summary>
/// What the ads of a result are kept by, where that is not the score that routes the search: interest is smooth on the graph and leads to
/// good regions, the expected value of an impression is not, but is what is wanted. One object serves one request and is called from one
/// thread at a time, once for every batch that was scored; an implementation allocates nothing per call.
/// </summary>
public interface IResultRanking
{
    /// <summary>Upper bound of the number of ads that have a value at all.</summary>
    int RankableCount { get; }

    /// <summary>
    /// Bends the scores that route the search, after the ads were ranked by those that the model gave: an ad whose kind is wanted may count
    /// for more as a way to others of its kind. Leaves them as they are for most rankings.
    /// </summary>
    /// <param name="ordinals">Ads that were scored, also those that must not be returned.</param>
    /// <param name="scores">Their scores, to be changed in place; NaN stays NaN.</param>
    void Steer(ReadOnlySpan<int> ordinals, Span<float> scores)
    {
    }

    /// <summary>
    /// Most ads of one group, such as a campaign, in a result: the result is then the best ads of which no group has more. Without a bound
    /// for most rankings.
    /// </summary>
    int MostPerGroup => int.MaxValue;

    /// <summary>Number of groups; asked only where there is a bound.</summary>
    int GroupCount => 0;

    /// <summary>The group of an ad that has a value, from 0 to <see cref="GroupCount"/>; asked only where there is a bound.</summary>
    int GroupOf(int ordinal) => 0;

    /// <summary>Gives each ad the value that it competes by for a place in the result; higher is better.</summary>
    /// <param name="ordinals">Ads that may be returned.</param>
    /// <param name="scores">Their scores; NaN where the model gave none.</param>
    /// <param name="values">
    /// Receives a value for each, or NaN for an ad that is walked through but never returned. An ad whose score is NaN has none.
    /// </param>
    void Rank(ReadOnlySpan<int> ordinals, ReadOnlySpan<float> scores, Span<float> values);
}
