using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Scoring;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Models;

/// <summary>Attention of n queries, shared by all users, over each user's sequence; zeros for an empty sequence.</summary>
internal static class AttentionOps
{
    /// <summary>
    /// phi(q)' sum(phi(k) v') / (phi(q) . sum phi(k) + epsilon), [B, n, d] (Katharopoulos et al., 2020, arXiv 2006.16236).
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="queries">phi(q), [n, d].</param>
    /// <param name="keys">phi(k), [B, places, d], zeros behind a sequence's end.</param>
    /// <param name="values">[B, places, d].</param>
    public static Tensor Linear(Tape tape, Tensor queries, Tensor keys, Tensor values)
    {
        int batch = keys.Shape[0], n = queries.Shape[0];
        Tensor sums = tape.MatMul(keys, values, transposeA: true);
        Tensor normalizer = tape.Reshape(tape.SumTo(keys, keys.Shape.With(1, 1)), new Shape(batch, keys.Shape[2]));
        Tensor weights = tape.Affine(tape.MatMul(normalizer, queries, transposeB: true), 1, FoldedWeights.Epsilon);
        return tape.Divide(tape.MatMul(queries, sums), tape.Reshape(weights, new Shape(batch, n, 1)));
    }

    /// <summary>softmax(q . k / sqrt(d)) v, [B, n, d] (Vaswani et al., 2017, arXiv 1706.03762).</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="queries">[n, d].</param>
    /// <param name="keys">[B, places, d].</param>
    /// <param name="values">[B, places, d].</param>
    /// <param name="lengths">Places filled, [B].</param>
    public static Tensor Softmax(Tape tape, Tensor queries, Tensor keys, Tensor values, ReadOnlySpan<int> lengths)
    {
        Tensor products = tape.MatMul(queries, keys, transposeB: true);
        Tensor weights = tape.MaskedSoftmax(tape.Scale(products, 1 / MathF.Sqrt(queries.Shape.Width)), lengths);
        return tape.MatMul(weights, values);
    }
}
