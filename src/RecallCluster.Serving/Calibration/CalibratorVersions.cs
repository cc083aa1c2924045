using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Calibration;

/// <summary>The calibrator of a journal's counts, and its versions, whose plan is one of the journal's machines. Thread-safe.</summary>
public sealed class CalibratorVersions : ICalibratorVersions, IDisposable
{
    /// <summary>The plan's machine.</summary>
    internal const string Key = "rollout/calibrator";

    private readonly RolloutPlan<CalibratorVersion, CalibratorLimits> _plan;
    private readonly JournalRollout<CalibratorVersion, CalibratorLimits> _rollout;
    private readonly ServingStateOptions _options;
    private readonly TimeProvider _clock;

    internal CalibratorVersions(
        RolloutPlan<CalibratorVersion, CalibratorLimits> plan, IJournal journal, ICalibrationCounts counts, ICalibratedCampaigns campaigns,
        ServingStateOptions options, TimeProvider clock)
    {
        (_options, _plan, _clock) = (options, plan, clock);
        Calibrator = new LiveCalibrator(counts, campaigns, options.Calibration, () => CalibratorVersion.RunningOf(plan.State));
        _rollout = new JournalRollout<CalibratorVersion, CalibratorLimits>(
            plan, journal, new CalibratorTarget(Calibrator, clock), clock);
    }

    /// <summary>The calibrator; it fits as the running version says.</summary>
    public LiveCalibrator Calibrator { get; }

    /// <inheritdoc/>
    public CalibratorSettings Configured => _options.Calibration.Calibrator;

    /// <inheritdoc/>
    public CalibratorLimits Limits => _options.CalibratorLimits;

    /// <summary>Fits what is due, judges a version that is under way by what came in, and switches to it where that is decided.</summary>
    /// <returns>Whether what was running before fitted maps anew.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        bool isFitted = await Calibrator.RunAsync(_clock.GetUtcNow(), cancellation).ConfigureAwait(false);
        await _rollout.StepAsync().ConfigureAwait(false);
        return isFitted;
    }

    /// <inheritdoc/>
    public async Task<CalibratorsView> ListAsync(CancellationToken cancellation)
    {
        RolloutView rollout = await _rollout.RolloutAsync(cancellation).ConfigureAwait(false);
        return CalibratorsView.Of(_plan.State, rollout, Calibrator.Fit, Configured);
    }

    /// <inheritdoc/>
    public Task<RolloutView> RolloutAsync(CancellationToken cancellation) => _rollout.RolloutAsync(cancellation);

    /// <inheritdoc/>
    public Task<RolloutView> PublishAsync(
        string name, CalibratorSettings settings, CalibratorLimits? limits, CancellationToken cancellation)
    {
        CalibratorVersion.Check(name, settings, limits);
        return _rollout.PublishAsync(number => CalibratorVersion.Of(name, number, settings), limits ?? Limits);
    }

    /// <inheritdoc/>
    public Task<RolloutView> RollBackAsync(CancellationToken cancellation) => _rollout.RollBackAsync(cancellation);

    /// <inheritdoc/>
    public Task<RolloutView> DropPreviousAsync(CancellationToken cancellation) => _rollout.DropPreviousAsync(cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        _rollout.Dispose();
        Calibrator.Dispose();
    }
}
