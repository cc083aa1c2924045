using RecallCluster.Retrieval;

namespace RecallCluster.Learning.Scoring;

/// <summary>The checks of a call that scorers have in common.</summary>
internal static class ScorerChecks
{
    /// <summary>All of them.</summary>
    public static void Require(IScorer scorer, ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        RequireLengths(scorer, userState, ordinals, scores);
        foreach (int ordinal in ordinals)
            if ((uint)ordinal >= (uint)scorer.ItemCount)
                throw new ArgumentOutOfRangeException(nameof(ordinals), ordinal, $"There are {scorer.ItemCount} ads.");
    }

    /// <summary>All but the ordinals', for scorers that check these where they use them.</summary>
    public static void RequireLengths(IScorer scorer, ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        if (userState.Length != scorer.UserStateLength)
            throw new ArgumentException(
                $"The user state holds {userState.Length} floats; {scorer.UserStateLength} are wanted.", nameof(userState));
        if (scores.Length < ordinals.Length)
            throw new ArgumentException($"There is room for {scores.Length} scores; {ordinals.Length} ads are asked for.", nameof(scores));
    }
}
