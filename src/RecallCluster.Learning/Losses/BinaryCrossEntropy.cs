using RecallCluster.Learning.Autograd;

namespace RecallCluster.Learning.Losses;

/// <summary>Log loss of probabilities given as logits.</summary>
public static class BinaryCrossEntropy
{
    /// <summary>Mean of softplus(logit) - label * logit: minus the log likelihood, without overflow. Can be differentiated twice.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="logits">Any shape.</param>
    /// <param name="labels">As many labels in [0, 1], row-major.</param>
    /// <exception cref="ArgumentException">There are not as many labels as logits.</exception>
    public static Tensor WithLogits(Tape tape, Tensor logits, ReadOnlySpan<float> labels)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(logits);
        if (labels.Length != logits.Length)
            throw new ArgumentException($"{labels.Length} labels do not fit logits of shape {logits.Shape}.", nameof(labels));
        Tensor constant = tape.Constant(labels, logits.Shape);
        return tape.Mean(tape.Subtract(tape.Softplus(logits), tape.Multiply(logits, constant)));
    }
}
