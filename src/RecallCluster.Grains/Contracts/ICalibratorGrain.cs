using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RecallCluster.Wire.Events;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Contracts;

/// <summary>Counts for calibration of a part of the campaigns. Key: the part's number, 0 to 63. What it answers is durable.</summary>
[Alias("recall.calibration-counts"), Version(1)]
public interface ICalibrationCountsGrain : IFollowerGrain
{
    /// <summary>Takes what a user did after a click.</summary>
    /// <returns>Whether the click is remembered.</returns>
    [Alias("Engage")]
    Task<bool> EngageAsync(EventMessage engagement);

    /// <summary>All counts, as the machine's snapshot, to be merged with those of other parts.</summary>
    [Alias("Copy"), AlwaysInterleave]
    Task<byte[]> CopyAsync();

    /// <summary>Takes the impressions and clicks that were counted since the last call; there are none before the first.</summary>
    [Alias("Shown")]
    Task<ShownMessage> TakeShownAsync();
}

/// <summary>
/// Fits calibration to all counts, as its running version says, publishes it, and leads the way to the next version. Key: the head, "ctr".
/// </summary>
[Alias("recall.calibrator"), Version(1)]
public interface ICalibratorGrain : IGrainWithStringKey, IRolloutGrain
{
    /// <summary>Raw probabilities are of this click model from now on.</summary>
    [Alias("Use")]
    Task UseAsync(uint clickModel);

    /// <summary>Fits and publishes if it is time.</summary>
    /// <returns>Whether maps were fitted anew.</returns>
    [Alias("Run")]
    Task<bool> RunAsync();

    /// <summary>The calibration in force.</summary>
    [Alias("Current"), AlwaysInterleave]
    Task<CalibrationMessage?> CurrentAsync();

    /// <summary>Reliability and PCOC by hour, for the live view, as JSON.</summary>
    [Alias("Live"), AlwaysInterleave]
    Task<byte[]> LiveAsync();

    /// <summary>The versions and the last fit, as JSON of <see cref="Serving.Calibration.CalibratorsView"/>.</summary>
    [Alias("List"), AlwaysInterleave]
    Task<byte[]> ListAsync();

    /// <summary>Begins with a version.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="settings">How it fits, as JSON.</param>
    /// <param name="limits">What it must show, as JSON; null for what is configured.</param>
    /// <returns>How it stands, as JSON of <see cref="Serving.Rollouts.RolloutView"/>.</returns>
    /// <exception cref="InvalidOperationException">Another one is on its way.</exception>
    [Alias("Publish")]
    Task<byte[]> PublishAsync(string name, byte[] settings, byte[]? limits);
}
