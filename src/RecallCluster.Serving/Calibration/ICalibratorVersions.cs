using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Calibration;

/// <summary>The versions of the calibrator, and the way from one to the next. Thread-safe.</summary>
public interface ICalibratorVersions : IRollout
{
    /// <summary>What is configured; a version that is published leaves as it is there what it does not say.</summary>
    CalibratorSettings Configured { get; }

    /// <summary>What a version must show before it is switched to, where whoever publishes it does not say otherwise.</summary>
    CalibratorLimits Limits { get; }

    /// <summary>The versions that are known, and what is in force.</summary>
    /// <param name="cancellation">The caller gave up.</param>
    /// <exception cref="IOException">Who knows cannot be reached.</exception>
    Task<CalibratorsView> ListAsync(CancellationToken cancellation);

    /// <summary>
    /// Compares a version with the running one on live traffic and switches to it if it proves itself; returns when that has begun.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="settings">How it fits.</param>
    /// <param name="limits">What it must show first; null for <see cref="Limits"/>.</param>
    /// <param name="cancellation">The caller gave up; the version may be switched to anyway.</param>
    /// <exception cref="InvalidRequestException">The name is none, or a setting or a limit makes no sense.</exception>
    /// <exception cref="InvalidOperationException">Another version is under way.</exception>
    /// <exception cref="IOException">Who decides cannot be reached.</exception>
    Task<RolloutView> PublishAsync(string name, CalibratorSettings settings, CalibratorLimits? limits, CancellationToken cancellation);
}

/// <summary>The calibrator's versions.</summary>
/// <param name="Calibrators">Those that are running, under way, or can be gone back to.</param>
/// <param name="Fit">The last fit that was published; null before the first, and where nothing is fitted.</param>
/// <param name="Rollout">The way from one to the next.</param>
public sealed record CalibratorsView(IReadOnlyList<CalibratorView> Calibrators, CalibratorFit? Fit, RolloutView Rollout)
{
    internal static CalibratorsView Of(
        RolloutState<CalibratorVersion, CalibratorLimits> plan, RolloutView rollout, CalibratorFit? fit, CalibratorSettings configured)
    {
        CalibratorVersion?[] versions = [plan.Current, plan.Previous, plan.Candidate?.Version];
        return new CalibratorsView(
            [
                .. versions.OfType<CalibratorVersion>().Select(version => new CalibratorView(
                    version.Name, version.Version, version.Version == plan.Current?.Version, version.Settings ?? configured)),
            ],
            fit, rollout);
    }
}

/// <summary>A version of the calibrator.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its name and the number of its roll-out.</param>
/// <param name="IsRunning">Whether it is in use.</param>
/// <param name="Settings">How it fits.</param>
public sealed record CalibratorView(string Name, string Version, bool IsRunning, CalibratorSettings Settings);
