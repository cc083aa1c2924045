namespace RecallCluster.Learning.Models;

/// <summary>How a batch's logits become a loss.</summary>
public enum LossKind
{
    /// <summary>Softmax cross entropy over the sampled candidates with log-Q correction: learns the order of ads for a user.</summary>
    SampledSoftmax,

    /// <summary>
    /// Binary cross entropy of the positive against the mean over the sampled negatives: learns click probabilities up to the sampling.
    /// </summary>
    BinaryCrossEntropy,
}
