namespace RecallCluster.Learning.Models;

/// <summary>The layers that every (user, ad) pair passes through above the first pre-activation.</summary>
/// <param name="Slope1">PReLU slopes of the first layer, [h1].</param>
/// <param name="W2">Second layer, [h2, h1].</param>
/// <param name="B2">Bias of the second layer, [h2].</param>
/// <param name="Slope2">PReLU slopes of the second layer, [h2].</param>
/// <param name="W3">Output row, [1, h2].</param>
/// <param name="B3">Output bias, [1].</param>
internal readonly record struct PairwiseLayers(Tensor Slope1, Tensor W2, Tensor B2, Tensor Slope2, Tensor W3, Tensor B3);

/// <summary>
/// Everything that the scores of B users against n ads are computed from, with linear attention folded into the users' side: the score of
/// ad i for user u is
/// <code>
/// W3 . act2(W2 act1(Base_u + FirstLayer_i + Attention_u' Queries_i / (Queries_i . Normalizer_u + epsilon)) + B2) + B3 + Interaction_u . Queries_i
/// </code>
/// </summary>
/// <param name="Base">W_u u + b1, [B, h1].</param>
/// <param name="Normalizer">z, the sum of phi(k) over the sequence, [B, d].</param>
/// <param name="Attention">S W_a', S being the sum of phi(k) v', [B, d, h1].</param>
/// <param name="Interaction">The interaction rows r, [B, d], or null without them.</param>
/// <param name="Queries">phi(q), [n, d].</param>
/// <param name="FirstLayer">W_t t, [n, h1].</param>
/// <param name="Layers">The layers above.</param>
internal readonly record struct PairwiseInputs(
    Tensor Base, Tensor Normalizer, Tensor Attention, Tensor? Interaction, Tensor Queries, Tensor FirstLayer, PairwiseLayers Layers)
{
    /// <summary>Number of users, B.</summary>
    public int Users => Base.Shape[0];

    /// <summary>Number of ads, n.</summary>
    public int Ads => Queries.Shape[0];

    /// <summary>Embedding width, d.</summary>
    public int Width => Queries.Shape[1];

    /// <summary>Width of the first hidden layer, h1.</summary>
    public int Hidden1 => Base.Shape[1];

    /// <summary>Width of the second hidden layer, h2.</summary>
    public int Hidden2 => Layers.B2.Length;

    /// <summary>All tensors that are there, in the order of <see cref="PairwiseGradients"/>.</summary>
    public Tensor[] All()
    {
        Tensor[] always =
        [
            Base, Normalizer, Attention, Queries, FirstLayer, Layers.Slope1, Layers.W2, Layers.B2, Layers.Slope2, Layers.W3, Layers.B3,
        ];
        return Interaction == null ? always : [.. always, Interaction];
    }
}
