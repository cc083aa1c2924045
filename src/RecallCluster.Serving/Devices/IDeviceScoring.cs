using RecallCluster.Learning.Models;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Serving.Devices;

/// <summary>
/// Scoring on devices, as a part of its own that may be left out of a build: found and loaded by <see cref="DevicePlugin"/>, because it
/// brings native libraries that most installations do not want. It must not be used in a front door's process
/// (<see cref="DeviceLostException"/>).
/// </summary>
public interface IDeviceScoring
{
    /// <summary>What there is of it on this machine, check by check; fails for nothing.</summary>
    IReadOnlyList<DeviceCheck> Inspect();

    /// <summary>Puts a shard on a device and warms every shape of batch up.</summary>
    /// <param name="model">The model that the index was built from.</param>
    /// <param name="index">The shard, which must outlive what is returned.</param>
    /// <param name="parameters">The knobs of walks on the device.</param>
    /// <param name="options">Which device, and how.</param>
    /// <exception cref="DeviceUnavailableException">
    /// There is no such device, or its libraries are missing; the message says which.
    /// </exception>
    /// <exception cref="DeviceMemoryException">The shard does not fit.</exception>
    /// <exception cref="DeviceLostException">The device failed while it was loaded.</exception>
    /// <exception cref="InvalidDataException">The module does not load, or its answer to a trial batch is no score for each ad.</exception>
    /// <exception cref="NotSupportedException">The model's attention is not linear.</exception>
    IDeviceShard Open(DeepAdModel model, AdIndex index, GuidedSearchParameters parameters, DeviceOptions options);
}

/// <summary>A shard on a device.</summary>
public interface IDeviceShard : IDisposable
{
    /// <summary>The device, its precision and what the shard takes of its memory, in words.</summary>
    string Description { get; }

    /// <summary>Scores the shard's ads; concurrent calls become batches.</summary>
    IScorer Scorer { get; }

    /// <summary>Makes whole walks there; null where the host walks.</summary>
    IWalker? Walker { get; }

    /// <summary>Completes when the device is lost: from then on every call fails, and only a new process can help.</summary>
    Task<DeviceLostException> Lost { get; }

    /// <summary>What was computed so far.</summary>
    DeviceFigures Figures { get; }
}

/// <summary>One thing that scoring on a device needs.</summary>
/// <param name="Name">What it is.</param>
/// <param name="IsThere">Whether it is there.</param>
/// <param name="Detail">Its version, or what to do about it.</param>
public sealed record DeviceCheck(string Name, bool IsThere, string Detail);

/// <summary>What a device computed, since the shard was opened.</summary>
/// <param name="Batches">Calls.</param>
/// <param name="Requests">Requests in them.</param>
/// <param name="Scorings">Ads that were scored because a request asked.</param>
/// <param name="Places">Places of the batches, padding included.</param>
/// <param name="NanScores">Scores that were asked for and were not numbers.</param>
public readonly record struct DeviceFigures(long Batches, long Requests, long Scorings, long Places, long NanScores)
{
    /// <summary>What was computed after an earlier reading.</summary>
    public DeviceFigures Since(DeviceFigures earlier) => new(
        Batches - earlier.Batches, Requests - earlier.Requests, Scorings - earlier.Scorings, Places - earlier.Places,
        NanScores - earlier.NanScores);

    /// <summary>Both together.</summary>
    public DeviceFigures And(DeviceFigures other) => new(
        Batches + other.Batches, Requests + other.Requests, Scorings + other.Scorings, Places + other.Places, NanScores + other.NanScores);
}
