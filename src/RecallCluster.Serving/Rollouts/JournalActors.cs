using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Rollouts;

/// <summary>The versions of actors over a journal: their plan is one of its machines, and so are the campaigns that try them.</summary>
internal sealed class JournalActors : IActorVersions, IRolloutTarget<ActorVersion, ActorLimits>, IDisposable
{
    private readonly JournalRollout<ActorVersion, ActorLimits> _rollout;
    private readonly CampaignDirectory _directory;
    private readonly IJournal _journal;

    /// <param name="plan">The plan (<see cref="MachineFactory.Actors"/>).</param>
    /// <param name="journal">The journal.</param>
    /// <param name="directory">Its campaigns.</param>
    /// <param name="limits">What a version must show, where whoever publishes it does not say.</param>
    /// <param name="clock">The business clock.</param>
    public JournalActors(
        RolloutPlan<ActorVersion, ActorLimits> plan, IJournal journal, CampaignDirectory directory, ActorLimits limits, TimeProvider clock)
    {
        (_journal, _directory, Limits) = (journal, directory, limits);
        _rollout = new JournalRollout<ActorVersion, ActorLimits>(plan, journal, this, clock);
    }

    /// <inheritdoc/>
    public ActorLimits Limits { get; }

    private ControllerVersions Controllers => _directory.Factory.Controllers;

    /// <inheritdoc/>
    public Task<RolloutView> PublishAsync(
        string name, IReadOnlyDictionary<string, byte[]> files, ActorLimits? limits, CancellationToken cancellation)
    {
        Controllers.Check(name, files);
        limits?.Check();
        return _rollout.PublishAsync(number => ActorVersion.Of(name, files, number), limits ?? Limits);
    }

    /// <summary>Goes on as far as it can now.</summary>
    public Task StepAsync() => _rollout.StepAsync();

    /// <inheritdoc/>
    public Task<RolloutView> RolloutAsync(CancellationToken cancellation) => _rollout.RolloutAsync(cancellation);

    /// <inheritdoc/>
    public Task<RolloutView> RollBackAsync(CancellationToken cancellation) => _rollout.RollBackAsync(cancellation);

    /// <inheritdoc/>
    public Task<RolloutView> DropPreviousAsync(CancellationToken cancellation) => _rollout.DropPreviousAsync(cancellation);

    /// <inheritdoc/>
    public void Dispose() => _rollout.Dispose();

    // A version is 200 kB.
    bool IRolloutTarget<ActorVersion, ActorLimits>.NeedsRoomOfPrevious => false;

    // The plan holds it, and what the plan holds is at hand.
    Task IRolloutTarget<ActorVersion, ActorLimits>.PrepareAsync(ActorVersion version) => Task.CompletedTask;

    async Task<RolloutVerdict> IRolloutTarget<ActorVersion, ActorLimits>.JudgeAsync(ActorVersion version, ActorLimits limits)
    {
        ActorTrial[] trials = limits.Campaigns == 0 ? []
            : await _journal.ReadAsync(Trials, CancellationToken.None).ConfigureAwait(true);
        BidControllers running = Controllers.Current, candidate = Controllers.Of(version.TickName());
        ActorTally tally = await Task.Run(
            () => trials.Aggregate(new ActorTally(), (sum, trial) => sum.Plus(trial.Run(running, candidate)))).ConfigureAwait(true);
        return limits.Judge(tally);
    }

    Task IRolloutTarget<ActorVersion, ActorLimits>.DropAsync(ActorVersion version) => Task.CompletedTask;

    TimeSpan IRolloutTarget<ActorVersion, ActorLimits>.PatienceOf(ActorLimits limits) => limits.Patience;

    private ActorTrial[] Trials() =>
    [
        .. ActorTrial.InOrder(
            _directory.Campaigns, campaign => campaign.Settings.Controller, campaign => campaign.Ledger.Today.Spent.Value)
            .Select(campaign => campaign.Trial()).OfType<ActorTrial>().Take(ActorTrial.MostCampaigns),
    ];
}
