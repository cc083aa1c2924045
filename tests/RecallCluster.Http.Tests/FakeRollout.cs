using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Http.Tests;

/// <summary>A roll-out without anything that is rolled out: the version in use, the one before, the one on its way.</summary>
/// <param name="running">What is in use at first.</param>
/// <param name="figures">What is known of a version on its way.</param>
internal abstract class FakeRollout(RolledVersion running, IReadOnlyDictionary<string, double>? figures = null) : IRollout
{
    public RolledVersion? UnderWay { get; protected set; }

    protected RolledVersion Running { get; private set; } = running;

    protected RolledVersion? Previous { get; private set; }

    protected RolloutEnd? Last { get; set; }

    public Task<RolloutView> RolloutAsync(CancellationToken cancellation) => Task.FromResult(new RolloutView(
        Running, Previous,
        UnderWay is null ? null : new RolloutProgress(UnderWay, RolloutPhase.Shadowing, DateTimeOffset.UnixEpoch, figures), Last));

    public Task<RolloutView> RollBackAsync(CancellationToken cancellation)
    {
        if (UnderWay is not null)
            UnderWay = null;
        else
            SwitchTo(Previous ?? throw new InvalidOperationException("There is no version to go back to."));
        return RolloutAsync(cancellation);
    }

    public Task<RolloutView> DropPreviousAsync(CancellationToken cancellation)
    {
        Previous = null;
        return RolloutAsync(cancellation);
    }

    protected void SwitchTo(RolledVersion version) => (Running, Previous) = (version, Running);
}
