namespace RecallCluster.Learning.Optimizers;

/// <summary>Settings of <see cref="Adam"/>.</summary>
public sealed record AdamOptions
{
    /// <summary>Learning rate by step; 0.001 throughout by default.</summary>
    public ILearningRateSchedule Rate { get; init; } = new ConstantRate(1e-3f);

    /// <summary>Decay of the running mean of gradients.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>Decay of the running mean of squared gradients.</summary>
    public float Beta2 { get; init; } = 0.999f;

    /// <summary>Added to the root of the second moment.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>
    /// Decoupled weight decay: each step takes rate * decay * value off (AdamW). Sparse parameters decay in touched rows only.
    /// </summary>
    public float WeightDecay { get; init; }

    /// <summary>Joint norm above which gradients are scaled down; 0 for no limit.</summary>
    public float MaxGradientNorm { get; init; }
}
