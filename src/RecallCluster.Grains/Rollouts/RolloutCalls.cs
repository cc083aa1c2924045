using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Rollouts;

/// <summary>A roll-out that a grain leads, for a front door.</summary>
/// <param name="rollout">The grain.</param>
/// <param name="what">What it is, for messages.</param>
internal abstract class RolloutCalls(IRolloutGrain rollout, string what) : IRollout
{
    /// <inheritdoc/>
    public Task<RolloutView> RolloutAsync(CancellationToken cancellation) => AskAsync(rollout.RolloutAsync(), cancellation);

    /// <inheritdoc/>
    public Task<RolloutView> RollBackAsync(CancellationToken cancellation) => AskAsync(rollout.RollBackAsync(), cancellation);

    /// <inheritdoc/>
    public Task<RolloutView> DropPreviousAsync(CancellationToken cancellation) => AskAsync(rollout.DropPreviousAsync(), cancellation);

    /// <summary>Waits for a view.</summary>
    /// <exception cref="IOException">The grain could not be reached.</exception>
    protected async Task<RolloutView> AskAsync(Task<byte[]> call, CancellationToken cancellation) => GrainsJson.Read(
        await GrainCalls.AskAsync(call, what, cancellation).ConfigureAwait(false), GrainsJson.Default.RolloutView, "roll-out");
}
