namespace RecallCluster.Learning.Optimizers;

/// <summary>The same learning rate throughout.</summary>
/// <param name="Rate">The rate.</param>
public sealed record ConstantRate(float Rate) : ILearningRateSchedule
{
    /// <inheritdoc/>
    public float At(long stepNumber) => Rate;
}
