using RecallCluster.Numerics;

namespace RecallCluster.Retrieval;

/// <summary>
/// A vector model: the score of an ad is the inner product of its vector with the user's, which is the whole prepared user state. With
/// <see cref="ExhaustiveSearch"/> it gives the exact answer of the two-tower comparators.
/// </summary>
public sealed unsafe class InnerProductScorer : IScorer
{
    private readonly NativeBlock<float> _vectors;
    private readonly VectorDistance _distance;

    /// <summary>A scorer over the rows of a matrix.</summary>
    /// <param name="vectors">Row-major, <paramref name="count"/> x <paramref name="dim"/> floats; stays with the caller.</param>
    /// <param name="count">Number of ads.</param>
    /// <param name="dim">Components of a vector, at least 1.</param>
    /// <exception cref="ArgumentException">The block holds fewer floats.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public InnerProductScorer(NativeBlock<float> vectors, int count, int dim)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(dim, 1);
        if (vectors.Length < (long)count * dim)
            throw new ArgumentException(
                $"{count} vectors of {dim} components need {(long)count * dim} floats; the block has {vectors.Length}.", nameof(vectors));
        _vectors = vectors;
        _distance = new VectorDistance(VectorMetric.InnerProduct, dim);
        ItemCount = count;
    }

    /// <inheritdoc/>
    public int ItemCount { get; }

    /// <inheritdoc/>
    public int UserStateLength => _distance.Dim;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The user state or the scores have the wrong length.</exception>
    public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        if (userState.Length != UserStateLength)
            throw new ArgumentException(
                $"The user state has {userState.Length} floats; the vectors have {UserStateLength}.", nameof(userState));
        if (scores.Length < ordinals.Length)
            throw new ArgumentException($"{ordinals.Length} ads are to be scored into room for {scores.Length}.", nameof(scores));
        fixed (float* user = userState, score = scores)
        fixed (int* ordinal = ordinals)
        {
            _distance.Many(user, _vectors.Pointer, ordinal, ordinals.Length, score);

            // As a distance the product is negated.
            for (int i = 0; i < ordinals.Length; i++)
                score[i] = -score[i];
        }
        GC.KeepAlive(_vectors);
    }
}
