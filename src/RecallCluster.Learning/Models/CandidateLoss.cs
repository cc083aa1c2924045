using System.Numerics.Tensors;

namespace RecallCluster.Learning.Models;

/// <summary>The loss of one row of logits over shared candidates, and its gradient.</summary>
internal static class CandidateLoss
{
    /// <summary>
    /// log(sum(exp(s - log Q))) - (s_positive - log Q_positive) over the candidates that the row does not leave out (log-Q correction;
    /// Bengio &amp; Senecal, 2008).
    /// </summary>
    /// <param name="scores">[n]; overwritten.</param>
    /// <param name="targets">The batch's targets.</param>
    /// <param name="row">Row of the batch.</param>
    /// <param name="gradient">Receives the gradient with respect to the scores, [n].</param>
    public static double Softmax(Span<float> scores, CandidateTargets targets, int row, Span<float> gradient)
    {
        TensorPrimitives.Subtract(scores, targets.LogQ, scores);
        foreach (int column in targets.MaskOf(row))
            scores[column] = float.NegativeInfinity;
        int positive = targets.Positives[row];
        float max = TensorPrimitives.Max<float>(scores), own = scores[positive];
        TensorPrimitives.Subtract(scores, max, gradient);
        TensorPrimitives.Exp(gradient, gradient);
        float sum = TensorPrimitives.Sum<float>(gradient);
        TensorPrimitives.Multiply(gradient, 1 / sum, gradient);
        gradient[positive] -= 1;
        return max + Math.Log(sum) - own;
    }

    /// <summary>-log sigmoid(s_positive), plus the mean of -log(1 - sigmoid(s)) over the row's other candidates.</summary>
    /// <inheritdoc cref="Softmax"/>
    public static double Binary(Span<float> scores, CandidateTargets targets, int row, Span<float> gradient)
    {
        int positive = targets.Positives[row];
        ReadOnlySpan<int> mask = targets.MaskOf(row);
        float weight = 1f / Math.Max(1, scores.Length - 1 - mask.Length);
        TensorPrimitives.Sigmoid(scores, gradient);
        TensorPrimitives.Multiply(gradient, weight, gradient);
        double loss = 0;
        for (int i = 0; i < scores.Length; i++)
            loss += Softplus(scores[i]);
        loss -= Softplus(scores[positive]);
        foreach (int column in mask)
        {
            loss -= Softplus(scores[column]);
            gradient[column] = 0;
        }
        gradient[positive] = -Sigmoid(-scores[positive]);
        return (loss * weight) + Softplus(-scores[positive]);
    }

    private static double Softplus(float x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));

    private static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}
