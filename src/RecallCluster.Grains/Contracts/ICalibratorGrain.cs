using Orleans.Concurrency;
using RecallCluster.Wire.Events;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Contracts;

/// <summary>Counts for calibration of a part of the campaigns. Key: the part's number, 0 to 63. What it answers is durable.</summary>
[Alias("recall.calibration-counts")]
public interface ICalibrationCountsGrain : IFollowerGrain
{
    /// <summary>Takes what a user did after a click.</summary>
    /// <returns>Whether the click is remembered.</returns>
    [Alias("Engage")]
    Task<bool> EngageAsync(EventMessage engagement);

    /// <summary>All counts, as the machine's snapshot, to be merged with those of other parts.</summary>
    [Alias("Copy"), AlwaysInterleave]
    Task<byte[]> CopyAsync();

    /// <summary>Takes the impressions that were counted since the last call; there are none before the first.</summary>
    [Alias("Shown")]
    Task<ShownMessage> TakeShownAsync();
}

/// <summary>Fits calibration to all counts and publishes it. Key: the head, "ctr".</summary>
[Alias("recall.calibrator")]
public interface ICalibratorGrain : IGrainWithStringKey
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
}
