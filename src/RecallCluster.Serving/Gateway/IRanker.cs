namespace RecallCluster.Serving.Gateway;

/// <summary>
/// Scores the ads that retrieval found anew, with a model that is too dear for the walk. Its logits take the place of the retrieval
/// model's before calibration. Thread-safe.
/// </summary>
public interface IRanker
{
    /// <summary>What raw click probabilities of its scores are.</summary>
    ClickModel Clicks => ClickModel.Unnamed;

    /// <summary>Scores ads for a user.</summary>
    /// <param name="user">The user.</param>
    /// <param name="ads">Their ids.</param>
    /// <param name="scores">Receives a logit for each ad; NaN for one that the ranker does not know.</param>
    void Score(UserFeatures user, ReadOnlySpan<string> ads, Span<float> scores);
}
