using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Calibration;

/// <summary>A version of the calibrator.</summary>
/// <param name="Name">What people know it by.</param>
/// <param name="Version">Its name with the number of its roll-out.</param>
/// <param name="Settings">How it fits; null for what the host is configured with.</param>
internal sealed record CalibratorVersion(string Name, string Version, CalibratorSettings? Settings = null) : IRolledVersion
{
    /// <summary>What there is before another version is published.</summary>
    public static CalibratorVersion Configured { get; } = new("configured", "configured.0");

    RolledVersion IRolledVersion.Rolled => new(Name, Version);

    /// <summary>The version that is to run.</summary>
    public static CalibratorVersion RunningOf(RolloutState<CalibratorVersion, CalibratorLimits> plan) => plan.Current ?? Configured;

    /// <summary>Refuses what cannot be published.</summary>
    /// <exception cref="InvalidRequestException">The name is none, or a setting or a limit makes no sense.</exception>
    public static void Check(string name, CalibratorSettings settings, CalibratorLimits? limits)
    {
        LimitWords.RequireName(name);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Check();
        limits?.Check();
    }

    /// <summary>A version with the number of its roll-out.</summary>
    public static CalibratorVersion Of(string name, int number, CalibratorSettings settings) =>
        new(name, FormattableString.Invariant($"{name}.{number}"), settings);
}
