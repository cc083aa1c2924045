namespace RecallCluster.Retrieval;

/// <summary>
/// A scoring model as retrieval sees it: a request's prepared user state and a batch of ad ordinals in, one score per ad out (the logit
/// of interest; higher is better). The user state is a flat row of floats, so that it can cross a process boundary as it is.
/// Implementations are immutable, thread-safe and allocate nothing per call.
/// </summary>
public interface IScorer
{
    /// <summary>Number of ads; valid ordinals are 0 to <c>ItemCount - 1</c>.</summary>
    int ItemCount { get; }

    /// <summary>Number of floats of a prepared user state.</summary>
    int UserStateLength { get; }

    /// <summary>Scores <paramref name="ordinals"/> for one user.</summary>
    /// <param name="userState">Prepared user state, <see cref="UserStateLength"/> floats.</param>
    /// <param name="ordinals">Ad ordinals, any order, any length.</param>
    /// <param name="scores">Receives one score per ordinal; at least as long as <paramref name="ordinals"/>.</param>
    void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores);
}
