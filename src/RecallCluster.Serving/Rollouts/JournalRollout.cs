using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Rollouts;

/// <summary>A roll-out whose plan is one of a journal's machines. Thread-safe: what it does it does in turns, as a grain would.</summary>
/// <typeparam name="TVersion">What is rolled out.</typeparam>
/// <typeparam name="TLimits">What it must show.</typeparam>
internal sealed class JournalRollout<TVersion, TLimits> : IRollout, IDisposable
    where TVersion : class, IRolledVersion
    where TLimits : class
{
    private readonly TaskFactory _turns = new(new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);
    private readonly RolloutDriver<TVersion, TLimits> _driver;

    /// <param name="plan">The plan.</param>
    /// <param name="journal">The journal that it is a machine of.</param>
    /// <param name="target">What is rolled out.</param>
    /// <param name="clock">The clock of patience.</param>
    public JournalRollout(
        RolloutPlan<TVersion, TLimits> plan, IJournal journal, IRolloutTarget<TVersion, TLimits> target, TimeProvider clock) =>
        _driver = new RolloutDriver<TVersion, TLimits>(
            target, () => plan.State,
            async next => await journal.AppendAsync(plan.Key, plan.Write(next), [], CancellationToken.None).ConfigureAwait(true) is true,
            clock);

    /// <summary>Begins with a version, and goes on as far as it can at once.</summary>
    /// <param name="make">Makes it, with the number that its name carries.</param>
    /// <param name="limits">What it must show.</param>
    /// <exception cref="InvalidOperationException">Another one is on its way.</exception>
    public Task<RolloutView> PublishAsync(Func<int, TVersion> make, TLimits limits) => TurnAsync(async () =>
    {
        await _driver.PublishAsync(make, limits).ConfigureAwait(true);
        await _driver.StepAsync().ConfigureAwait(true);
    });

    /// <summary>Goes on as far as it can now.</summary>
    public Task<RolloutView> StepAsync() => TurnAsync(_driver.StepAsync);

    /// <inheritdoc/>
    public Task<RolloutView> RolloutAsync(CancellationToken cancellation) => TurnAsync(() => Task.CompletedTask);

    /// <inheritdoc/>
    public Task<RolloutView> RollBackAsync(CancellationToken cancellation) => TurnAsync(_driver.RollBackAsync);

    /// <inheritdoc/>
    public Task<RolloutView> DropPreviousAsync(CancellationToken cancellation) => TurnAsync(_driver.DropPreviousAsync);

    /// <inheritdoc/>
    public void Dispose() => _driver.Dispose();

    private Task<RolloutView> TurnAsync(Func<Task> work) => _turns.StartNew(async () =>
    {
        await work().ConfigureAwait(true);
        return _driver.View;
    }).Unwrap();
}
