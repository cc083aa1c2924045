namespace RecallCluster.Bidding.Control.Drlb;

/// <summary>Settings of the training of <see cref="DrlbController"/>.</summary>
public sealed record DrlbOptions
{
    /// <summary>Rounds of gathering and learning.</summary>
    public int Rounds { get; init; } = 60;

    /// <summary>Days played in each round, in parallel.</summary>
    public int DaysPerRound { get; init; } = 24;

    /// <summary>Different days to learn from; each is played many times, for the best outcome of a state and action to be known.</summary>
    public int Days { get; init; } = 64;

    /// <summary>Gradient steps in each round.</summary>
    public int StepsPerRound { get; init; } = 60;

    /// <summary>Experiences in a gradient step.</summary>
    public int Batch { get; init; } = 256;

    /// <summary>Width of the two hidden layers.</summary>
    public int Hidden { get; init; } = 48;

    /// <summary>Days kept for validation.</summary>
    public int ValidationDays { get; init; } = 48;

    /// <summary>Rounds between two validations.</summary>
    public int ValidateEvery { get; init; } = 5;

    /// <summary>Adam's rate.</summary>
    public float Rate { get; init; } = 1e-3f;

    /// <summary>Share of random actions in the first round; falls to a twentieth of it.</summary>
    public double Exploration { get; init; } = 0.6;

    /// <summary>Growth of the penalty of a KPI's violation (our extension: the source knows the budget only).</summary>
    public double PenaltyGrowth { get; init; } = 4;

    /// <summary>Most penalty of a KPI.</summary>
    public double PenaltyCap { get; init; } = 2;
}
