namespace RecallCluster.Learning.Optimizers;

/// <summary>Falls in a straight line from <see cref="Peak"/> to <see cref="Floor"/>, and stays there.</summary>
/// <param name="Peak">Rate of the first step.</param>
/// <param name="TotalSteps">Step at which the floor is reached.</param>
/// <param name="Floor">Rate from there on.</param>
public sealed record LinearRate(float Peak, long TotalSteps, float Floor = 0) : ILearningRateSchedule
{
    /// <inheritdoc/>
    public float At(long stepNumber)
    {
        if (stepNumber >= TotalSteps)
            return Floor;
        return Peak + ((Floor - Peak) * (stepNumber - 1) / Math.Max(1, TotalSteps - 1));
    }
}
