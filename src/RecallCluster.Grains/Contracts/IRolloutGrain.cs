using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Contracts;

/// <summary>Leads the way from one version of something to the next. Answers are JSON of <see cref="RolloutView"/>.</summary>
[Alias("recall.rollout"), Version(1)]
public interface IRolloutGrain : IGrain
{
    /// <summary>How it stands.</summary>
    [Alias("Rollout"), AlwaysInterleave]
    Task<byte[]> RolloutAsync();

    /// <summary>Goes on as far as it can now, which it also does by itself.</summary>
    [Alias("Step")]
    Task<byte[]> StepAsync();

    /// <summary>Abandons the version on its way; where none is, goes back to the version before.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    [Alias("RollBack")]
    Task<byte[]> RollBackAsync();

    /// <summary>Gives up the version before.</summary>
    [Alias("DropPrevious")]
    Task<byte[]> DropPreviousAsync();
}
