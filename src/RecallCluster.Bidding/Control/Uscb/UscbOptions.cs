using RecallCluster.Bidding.Training;

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

/// <summary>
/// Settings of the training of <see cref="UscbController"/>: by default 48 days and 300 gradient steps of the critic in a round, half as
/// many of the actor, layers of 64, 96 days kept for validation, a penalty growing by 3.
/// </summary>
public sealed record UscbOptions : ActorTrainingOptions
{
    /// <summary>The defaults.</summary>
    public UscbOptions() => (DaysPerRound, StepsPerRound, Hidden, ValidationDays, PenaltyGrowth) = (48, 300, 64, 96, 3);

    /// <summary>What the critic learns.</summary>
    public CriticTarget Target { get; init; } = CriticTarget.ActThenHold;

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

    /// <summary>
    /// Largest standard deviation of the logarithm of the weights that training days begin with, around yesterday's optimum.
    /// </summary>
    public double StartDeviation { get; init; } = 0.6;

    /// <summary>
    /// Probability, at each tick of a training day, that the weights jump to others: acting and holding is learned state by state, so
    /// states need not follow from one another.
    /// </summary>
    public double Jumps { get; init; } = 0.08;
}
