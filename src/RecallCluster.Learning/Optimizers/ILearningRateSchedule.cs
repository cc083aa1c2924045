namespace RecallCluster.Learning.Optimizers;

/// <summary>The learning rate as a function of the step.</summary>
public interface ILearningRateSchedule
{
    /// <summary>Learning rate of step <paramref name="stepNumber"/>, the first being 1.</summary>
    float At(long stepNumber);
}
