using RecallCluster.Numerics;
using RecallCluster.Retrieval;

namespace RecallCluster.Learning.Scoring;

/// <summary>The vector model's score: the inner product of the user's vector, which is the whole user state, and the ad's.</summary>
public sealed unsafe class InnerProductScorer : IScorer
{
    private readonly NativeBlock<float> _vectors;
    private readonly VectorDistance _distance;

    /// <summary>A scorer over <paramref name="count"/> vectors, which it does not own.</summary>
    /// <param name="vectors">The ads' vectors in the order of their ordinals, <paramref name="width"/> floats each.</param>
    /// <param name="count">Number of ads.</param>
    /// <param name="width">Floats of a vector.</param>
    /// <exception cref="ArgumentException">The block is too small.</exception>
    public InnerProductScorer(NativeBlock<float> vectors, int count, int width)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (vectors.Length < (long)count * width)
            throw new ArgumentException($"The block holds {vectors.Length} floats; {count} vectors of {width} take {(long)count * width}.", nameof(vectors));
        _vectors = vectors;
        _distance = new VectorDistance(VectorMetric.InnerProduct, width);
        ItemCount = count;
    }

    /// <inheritdoc/>
    public int ItemCount { get; }

    /// <inheritdoc/>
    public int UserStateLength => _distance.Dim;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The user state has another length, or <paramref name="scores"/> is too short.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An ordinal names no ad.</exception>
    public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        ScorerChecks.Require(this, userState, ordinals, scores);
        fixed (float* user = userState, output = scores)
        fixed (int* items = ordinals)
            _distance.Many(user, _vectors.Pointer, items, ordinals.Length, output);
        // The distance is the negated product.
        for (int i = 0; i < ordinals.Length; i++)
            scores[i] = -scores[i];
        GC.KeepAlive(_vectors);
    }
}
