using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Calibration;

/// <summary>A live calibrator as what versions are rolled out to.</summary>
/// <param name="calibrator">The calibrator.</param>
/// <param name="clock">The business clock.</param>
internal sealed class CalibratorTarget(LiveCalibrator calibrator, TimeProvider clock) : IRolloutTarget<CalibratorVersion, CalibratorLimits>
{
    /// <inheritdoc/>
    /// <remarks>A version is a few numbers.</remarks>
    public bool NeedsRoomOfPrevious => false;

    /// <inheritdoc/>
    /// <remarks>Settings were checked when they were published, and there is nothing to load.</remarks>
    public Task PrepareAsync(CalibratorVersion version) => Task.CompletedTask;

    /// <inheritdoc/>
    /// <remarks>The first call begins the comparison; so it begins anew where the calibrator does, as after a restart.</remarks>
    public async Task<RolloutVerdict> JudgeAsync(CalibratorVersion version, CalibratorLimits limits) => limits.Compares
        ? limits.Judge(await calibrator.TryAsync(version, clock.GetUtcNow(), CancellationToken.None).ConfigureAwait(false))
        : RolloutVerdict.Passed;

    /// <inheritdoc/>
    public Task UseAsync(CalibratorVersion version) => calibrator.FollowAsync(clock.GetUtcNow(), CancellationToken.None);

    /// <inheritdoc/>
    public Task DropAsync(CalibratorVersion version) => calibrator.LeaveAsync(version, CancellationToken.None);

    /// <inheritdoc/>
    public TimeSpan PatienceOf(CalibratorLimits limits) => limits.Patience;
}
