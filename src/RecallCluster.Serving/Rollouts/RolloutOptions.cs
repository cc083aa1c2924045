using RecallCluster.Serving.Calibration;

namespace RecallCluster.Serving.Rollouts;

/// <summary>What a new version must show before it is used, where whoever publishes it does not say otherwise.</summary>
public sealed record RolloutOptions
{
    /// <summary>How each of its shards is tried.</summary>
    public ShardTrialOptions Trial { get; init; } = new();

    /// <summary>How it is compared with the running one.</summary>
    public ShadowLimits Shadow { get; init; } = new();

    /// <summary>What actors of bid controllers must show.</summary>
    public ActorLimits Actors { get; init; } = new();

    /// <summary>What calibrators must show.</summary>
    public CalibratorLimits Calibrators { get; init; } = new();

    /// <summary>Refuses limits of actors and of calibrators that make no sense.</summary>
    /// <exception cref="InvalidRequestException">A limit is out of range; the message names it.</exception>
    public void Check()
    {
        Actors.Check();
        Calibrators.Check();
    }
}
