namespace RecallCluster.Bidding.Training;

/// <summary>Settings that every <see cref="ActorTrainer"/> has.</summary>
public abstract record ActorTrainingOptions
{
    private protected ActorTrainingOptions()
    {
    }

    /// <summary>Rounds of gathering and learning.</summary>
    public int Rounds { get; init; } = 60;

    /// <summary>Days played in each round, in parallel.</summary>
    public int DaysPerRound { get; init; }

    /// <summary>Gradient steps in each round.</summary>
    public int StepsPerRound { get; init; }

    /// <summary>Experiences in a gradient step.</summary>
    public int Batch { get; init; } = 256;

    /// <summary>Width of the two hidden layers.</summary>
    public int Hidden { get; init; }

    /// <summary>Days kept for validation; the network that does best on them is the result.</summary>
    public int ValidationDays { get; init; }

    /// <summary>Rounds between two validations.</summary>
    public int ValidateEvery { get; init; } = 5;

    /// <summary>Penalty of a KPI's violation x is exp(this times x) - 1 ...</summary>
    public double PenaltyGrowth { get; init; }

    /// <summary>... but no more than this.</summary>
    public double PenaltyCap { get; init; } = 2;
}
