using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Models;

/// <summary>
/// Starts a deep model where a trained two-tower ended: it inherits the towers, gives the two-tower's order of ads at once, and training
/// then only has to learn what an inner product cannot say. A perceptron that starts from nothing spends most of its examples on
/// learning that inner product (Rendle et al., "Neural collaborative filtering vs. matrix factorization revisited", 2020).
/// </summary>
/// <remarks>
/// The towers' score u . t is held by the interaction row. With queries q = e t + 1 and e small enough, elu(q) + 1 = e t + 2 is linear for
/// nearly all ads, so r = u / e gives r . phi(q) = u . t plus a constant of the user, which changes no order. The perceptron's output
/// starts at 0.
/// </remarks>
public static class WarmStart
{
    // Components of e t beyond -1 leave the linear part of elu; at a third, that is three root mean squares.
    private const float LinearShare = 1f / 3;
    private const int SampledAds = 4096;

    /// <summary>Copies the towers into a deep model that has not been trained.</summary>
    /// <param name="deep">The model to start.</param>
    /// <param name="towers">A trained two-tower of the same fields and widths.</param>
    /// <param name="catalogue">The ads that both were made for.</param>
    /// <exception cref="InvalidOperationException">The deep model has no interaction row, or the models' shapes differ.</exception>
    public static void Apply(DeepAdModel deep, TwoTowerModel towers, FeatureTable catalogue)
    {
        ArgumentNullException.ThrowIfNull(deep);
        ArgumentNullException.ThrowIfNull(towers);
        ArgumentNullException.ThrowIfNull(catalogue);
        if (!deep.Config.InteractionRow)
            throw new InvalidOperationException("A deep model without interaction row has no place for the towers' inner product.");
        Dictionary<string, Parameter> own = deep.Parameters.ToDictionary(p => p.Name, StringComparer.Ordinal);
        float scale = LinearShare / RootMeanSquare(towers, catalogue);
        foreach (Parameter source in towers.Parameters)
        {
            string name = source.Name.StartsWith("user.", StringComparison.Ordinal)
                ? $"interaction.{source.Name["user.".Length..]}"
                : source.Name;
            if (!own.TryGetValue(name, out Parameter? target) || target.Value.Shape != source.Value.Shape)
                throw new InvalidOperationException($"The deep model has no parameter '{name}' of shape {source.Value.Shape}.");
            source.Value.Values.CopyTo(target.Value.Values);
        }
        int width = deep.Config.Width;
        Span<float> query = deep.Query.Weight.Value.Values;
        query.Clear();
        for (int i = 0; i < width; i++)
            query[(i * width) + i] = scale;
        deep.Query.Bias!.Value.Values.Fill(1);
        foreach (Parameter parameter in deep.InteractionOutputs)
        {
            foreach (ref float value in parameter.Value.Values)
                value /= scale;
        }
        deep.Output.Weight.Value.Values.Clear();
        deep.Output.Bias!.Value.Values.Clear();
    }

    /// <summary>
    /// Gives the ads' id embeddings their initial values back, so that further passes over the same events learn them anew. After one pass
    /// an id embedding knows the very clicks that it was trained on; a model that sees them again learns to lean on that, which on new
    /// clicks is not there (the one-epoch phenomenon: Zhang et al., CIKM 2022, arXiv 2209.06053).
    /// </summary>
    /// <param name="deep">The model that <see cref="Apply"/> started.</param>
    /// <param name="random">Source of the initial values.</param>
    public static void ForgetIds(DeepAdModel deep, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(deep);
        Parameter ids = deep.Ids;
        new Embedding(ids.Name, ids.Value.Shape[0], ids.Value.Shape[1], random).Table.Value.Values.CopyTo(ids.Value.Values);
    }

    /// <summary>Root mean square of the target vectors' components, over a sample of the ads.</summary>
    private static float RootMeanSquare(TwoTowerModel towers, FeatureTable catalogue)
    {
        int stride = Math.Max(1, catalogue.Count / SampledAds);
        int[] sample = [.. Enumerable.Range(0, Math.Min(SampledAds, catalogue.Count)).Select(i => i * stride)];
        var tape = new Tape();
        using (tape.Pause())
        {
            ReadOnlySpan<float> values = towers.Targets(tape, sample, catalogue).Values;
            float squares = System.Numerics.Tensors.TensorPrimitives.SumOfSquares(values);
            return squares > 0 ? MathF.Sqrt(squares / values.Length) : 1;
        }
    }
}
