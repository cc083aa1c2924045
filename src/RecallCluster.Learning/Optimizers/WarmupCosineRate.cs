namespace RecallCluster.Learning.Optimizers;

/// <summary>
/// Rises linearly over the warm-up, then stays, or falls along half a cosine to <see cref="Floor"/> (Loshchilov &amp; Hutter, 2017,
/// arXiv 1608.03983).
/// </summary>
/// <param name="Peak">Rate at the end of the warm-up.</param>
/// <param name="WarmupSteps">Steps of the rise; 0 for none.</param>
/// <param name="TotalSteps">Step at which the floor is reached; 0 to stay at the peak.</param>
/// <param name="Floor">Lowest rate of the fall.</param>
public sealed record WarmupCosineRate(float Peak, long WarmupSteps, long TotalSteps = 0, float Floor = 0) : ILearningRateSchedule
{
    /// <inheritdoc/>
    public float At(long stepNumber)
    {
        if (stepNumber < WarmupSteps)
            return Peak * stepNumber / WarmupSteps;
        if (TotalSteps <= WarmupSteps)
            return Peak;
        double progress = Math.Min(1, (stepNumber - WarmupSteps) / (double)(TotalSteps - WarmupSteps));
        return Floor + (float)((Peak - Floor) * 0.5 * (1 + Math.Cos(Math.PI * progress)));
    }
}
