namespace RecallCluster.Bidding.Control.Uscb;

/// <summary>What the critic of an actor-critic learns.</summary>
public enum CriticTarget
{
    /// <summary>
    /// The return of acting now and then holding the weights to the end of the day, computed on the logged auctions: USCB's target. The
    /// rest of a day is the same problem again with the same optimum, so the best policy jumps to it and stays. What holding the weights
    /// as they are would bring is taken off: it is the same for every action, and most of what differs from day to day.
    /// </summary>
    ActThenHold,

    /// <summary>Reward of the tick plus the target networks' value of the next state: ordinary DDPG (Lillicrap et al., 2016).</summary>
    Bootstrapped,
}

/// <summary>Settings of the training of <see cref="UscbController"/>.</summary>
public sealed record UscbOptions
{
    /// <summary>What the critic learns.</summary>
    public CriticTarget Target { get; init; } = CriticTarget.ActThenHold;

    /// <summary>Rounds of gathering and learning.</summary>
    public int Rounds { get; init; } = 60;

    /// <summary>Days played in each round, in parallel.</summary>
    public int DaysPerRound { get; init; } = 48;

    /// <summary>Gradient steps of the critic in each round; the actor takes half as many.</summary>
    public int StepsPerRound { get; init; } = 300;

    /// <summary>Experiences in a gradient step.</summary>
    public int Batch { get; init; } = 256;

    /// <summary>Width of the two hidden layers.</summary>
    public int Hidden { get; init; } = 64;

    /// <summary>Days kept for validation; the actor that does best on them is the result.</summary>
    public int ValidationDays { get; init; } = 96;

    /// <summary>Rounds between two validations.</summary>
    public int ValidateEvery { get; init; } = 5;

    /// <summary>
    /// Actions tried at each state beside the one taken: the first anywhere, the others near the actor's. Only acting and holding can be
    /// evaluated without playing on.
    /// </summary>
    public int ExtraActions { get; init; } = 3;

    /// <summary>Rounds in which only the critic learns: an actor that follows a critic that knows nothing runs into its limits.</summary>
    public int CriticOnlyRounds { get; init; } = 3;

    /// <summary>Weight of the mean square of actions before their hyperbolic tangent in the actor's loss.</summary>
    public float ActionDecay { get; init; } = 0.005f;

    /// <summary>Adam's rate for the critic.</summary>
    public float CriticRate { get; init; } = 2e-3f;

    /// <summary>Adam's rate for the actor.</summary>
    public float ActorRate { get; init; } = 7e-4f;

    /// <summary>Standard deviation of the noise on actions in the first round; falls to a fifth.</summary>
    public double Noise { get; init; } = 0.5;

    /// <summary>Largest standard deviation of the logarithm of the weights that training days begin with, around yesterday's optimum.</summary>
    public double StartDeviation { get; init; } = 0.6;

    /// <summary>
    /// Probability, at each tick of a training day, that the weights jump to others: acting and holding is learned state by state, so states need
    /// not follow from one another.
    /// </summary>
    public double Jumps { get; init; } = 0.08;

    /// <summary>Penalty of a violation x is exp(this times x) - 1 ...</summary>
    public double PenaltyGrowth { get; init; } = 3;

    /// <summary>... but no more than this.</summary>
    public double PenaltyCap { get; init; } = 2;
}
