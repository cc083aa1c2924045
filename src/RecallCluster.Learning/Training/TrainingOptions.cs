using RecallCluster.Learning.Models;

namespace RecallCluster.Learning.Training;

/// <summary>How a model is trained.</summary>
public sealed record TrainingOptions
{
    /// <summary>Examples a step.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>Negatives drawn a step, shared by its examples, beside the other examples' positives.</summary>
    public int Negatives { get; init; } = 512;

    /// <summary>Negatives are drawn with probability proportional to (number of events)^power.</summary>
    public double PopularityPower { get; init; } = 0.75;

    /// <summary>Most passes over the examples.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Most steps, whatever the passes; 0 for no limit. The learning rate falls towards the last step.</summary>
    public int MaxSteps { get; init; }

    /// <summary>Highest learning rate of Adam.</summary>
    public float LearningRate { get; init; } = 2e-3f;

    /// <summary>Steps over which the rate rises from zero.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>Share of the highest rate that is left at the last step.</summary>
    public float FinalRateShare { get; init; } = 0.05f;

    /// <summary>Decoupled weight decay.</summary>
    public float WeightDecay { get; init; }

    /// <summary>Joint norm above which gradients are scaled down; 0 for no limit.</summary>
    public float MaxGradientNorm { get; init; } = 5;

    /// <summary>Probability that a behaviour is left out of an example's sequence; at least one always stays.</summary>
    public float BehaviourDropout { get; init; } = 0.2f;

    /// <summary>The loss.</summary>
    public LossOptions Loss { get; init; } = new();

    /// <summary>Validations without improvement after which training ends.</summary>
    public int Patience { get; init; } = 1;

    /// <summary>Validations an epoch.</summary>
    public int ValidationsPerEpoch { get; init; } = 1;

    /// <summary>Most users of the validation events that are looked at, drawn by the seed.</summary>
    public int ValidationUsers { get; init; } = 3000;

    /// <summary>
    /// Most ads that a validation scores. Of a larger catalogue, the held-out ads and a random sample; K is scaled with it.
    /// </summary>
    public int ValidationItems { get; init; } = 30_000;

    /// <summary>K of the validation recall.</summary>
    public int ValidationK { get; init; } = 200;

    /// <summary>
    /// Time after which training ends with the best weights so far, the learning rate falling towards it; none by default.
    /// </summary>
    public TimeSpan TimeLimit { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Seed of everything that is random.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Checks that every value is usable.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is not; the exception names it.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(BatchSize);
        ArgumentOutOfRangeException.ThrowIfNegative(Negatives);
        ArgumentOutOfRangeException.ThrowIfNegative(PopularityPower);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Epochs);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSteps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(LearningRate);
        ArgumentOutOfRangeException.ThrowIfNegative(WarmupSteps);
        ArgumentOutOfRangeException.ThrowIfNegative(FinalRateShare);
        ArgumentOutOfRangeException.ThrowIfNegative(WeightDecay);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxGradientNorm);
        ArgumentOutOfRangeException.ThrowIfNegative(BehaviourDropout);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BehaviourDropout, 1);
        ArgumentNullException.ThrowIfNull(Loss);
        ArgumentOutOfRangeException.ThrowIfNegative(Patience);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ValidationsPerEpoch);
        ArgumentOutOfRangeException.ThrowIfNegative(ValidationUsers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ValidationItems);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ValidationK);
        if (TimeLimit <= TimeSpan.Zero && TimeLimit != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(nameof(TimeLimit), TimeLimit, "A time limit is positive.");
    }
}
