using RecallCluster.Bidding.Training;

namespace RecallCluster.Bidding.Control.Drlb;

/// <summary>
/// Settings of the training of <see cref="DrlbController"/>: by default 24 days and 60 gradient steps in a round, layers of 48, 48 days
/// kept for validation, a penalty growing by 4 (our extension: the source knows the budget only).
/// </summary>
public sealed record DrlbOptions : ActorTrainingOptions
{
    /// <summary>The defaults.</summary>
    public DrlbOptions() => (DaysPerRound, StepsPerRound, Hidden, ValidationDays, PenaltyGrowth) = (24, 60, 48, 48, 4);

    /// <summary>Different days to learn from; each is played many times, for the best outcome of a state and action to be known.</summary>
    public int Days { get; init; } = 64;

    /// <summary>Adam's rate.</summary>
    public float Rate { get; init; } = 1e-3f;

    /// <summary>Share of random actions in the first round; falls to a twentieth of it.</summary>
    public double Exploration { get; init; } = 0.6;
}
