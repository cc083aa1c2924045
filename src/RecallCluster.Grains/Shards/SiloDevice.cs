using Microsoft.Extensions.Logging;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Versions;
using RecallCluster.Serving;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Shards;

/// <summary>A version of a shard that is on the silo's device, or could be.</summary>
/// <param name="version">The version.</param>
/// <param name="number">The shard's number.</param>
/// <param name="model">Its model.</param>
/// <param name="index">Its index, open as long as the shard holds the version.</param>
/// <param name="shard">The shard.</param>
/// <param name="opened">The version as it was opened.</param>
internal sealed class DeviceSeat(
    IndexVersion version, int number, IndexedModel model, AdIndex index, Shard shard, ShardVersion opened)
{
    private volatile ShardVersion _current = opened;

    public IndexVersion Version => version;

    public int Number => number;

    public IndexedModel Model => model;

    public AdIndex Index => index;

    public Shard Shard => shard;

    /// <summary>Whether the device scores it.</summary>
    public bool IsOnDevice => _current.Owned is IDeviceShard;

    /// <summary>Completes when it was removed and its last search has ended.</summary>
    public Task Closed => _current.Closed;

    /// <summary>Has another version take the place of the current one; it is taken over in any case.</summary>
    /// <exception cref="InvalidOperationException">The shard does not hold the version any more.</exception>
    public void Replace(ShardVersion next)
    {
        // Whoever drops the version a moment after it was replaced must see what has come free.
        ShardVersion before = _current;
        _current = next;
        try
        {
            shard.Replace(next);
        }
        catch
        {
            _current = before;
            throw;
        }
    }
}

/// <summary>What scores the shards of a silo: its device where it has one with room, else the processor. Thread-safe.</summary>
internal sealed partial class SiloDevice(
    SiloNode node, RolloutOptions options, TimeProvider time, ILogger logger, IDeviceScoring? devices)
{
    /// <summary>What scores on the silo's device, or on the processor where it has none, or none that can be used.</summary>
    public ShardScoring ScoringOf(IndexVersion version, IndexedModel indexed, AdIndex index)
    {
        if (node.Device is not { } device)
            return ShardScoring.OnProcessor(indexed, index);
        try
        {
            return OnDevice(device, version, indexed, index);
        }
        catch (Exception e) when (e is DeviceUnavailableException or DeviceMemoryException or DeviceLostException)
        {
            LogNoDevice(logger, index.FilePath, e.Message);
            return ShardScoring.OnProcessor(indexed, index);
        }
    }

    /// <summary>
    /// Has a version that the processor scores go on on the device, now that there may be room. One call at a time.
    /// </summary>
    /// <returns>Whether it had taken room that is free again, since the version was dropped meanwhile.</returns>
    public bool TryAgain(DeviceSeat seat)
    {
        if (node.Device is not { } device || seat.IsOnDevice)
            return false;
        bool opened = false;
        try
        {
            // It must not be closed meanwhile.
            using VersionedIndex<ShardVersion>.Lease lease = seat.Shard.Lease(seat.Version.Name);
            ShardVersion next = InPlaceOf(lease.Value, device, seat);
            opened = true;
            Try(seat, next);
            seat.Replace(next);
        }
        catch (InvalidOperationException) when (!seat.Shard.Versions.Contains(seat.Version.Name))
        {
            return opened;
        }
        catch (Exception e) when (e is DeviceUnavailableException or DeviceMemoryException or DeviceLostException)
        {
            LogNoDevice(logger, seat.Index.FilePath, e.Message);
        }
        // Whatever it is, the processor goes on.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogFailed(logger, e, seat.Index.FilePath);
        }
        return false;
    }

    private ShardVersion InPlaceOf(ShardVersion current, DeviceOptions device, DeviceSeat seat)
    {
        ShardScoring scoring = OnDevice(device, seat.Version, seat.Model, seat.Index);
        try
        {
            return scoring.InPlaceOf(current, time);
        }
        catch
        {
            scoring.Dispose();
            throw;
        }
    }

    private void Try(DeviceSeat seat, ShardVersion next)
    {
        try
        {
            ShardTrial.Run(next, seat.Model.Model, options.Trial, new SeededRandom((ulong)seat.Number + 1));
        }
        catch
        {
            next.Dispose();
            throw;
        }
    }

    private ShardScoring OnDevice(DeviceOptions device, IndexVersion version, IndexedModel indexed, AdIndex index)
    {
        if (device.Loss?.TimeOfRest(time) is { } rest)
            throw new DeviceUnavailableException($"{device.Scorer} was lost and is left alone for another {rest.TotalSeconds:F0} s.");
        // Each version of a model may come with shapes of its own.
        DeviceOptions own = device with { Batches = DeviceBatches.Of(version.ModelDirectory, device.Scorer.Place) };
        ShardScoring scoring = ShardScoring.OnDevice(indexed, index, own, devices);
        _ = EndWithAsync(scoring.Device!);
        LogDevice(logger, index.FilePath, scoring.Device!.Description);
        return scoring;
    }

    /// <summary>A lost device poisons its process: the silo ends at once, and its next life scores on what there is then.</summary>
    private async Task EndWithAsync(IDeviceShard device)
    {
        DeviceLostException lost = await device.Lost.ConfigureAwait(false);
        LogLost(logger, lost.Message);
        node.Device!.Loss?.Mark(time);
        // Nothing of the device's libraries can be trusted to come to an end.
        Environment.Exit(DeviceLostException.ExitCode);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} is scored by {Device}.")]
    private static partial void LogDevice(ILogger logger, string file, string device);

    [LoggerMessage(Level = LogLevel.Error, Message = "{File} is scored by the processor: {Reason}")]
    private static partial void LogNoDevice(ILogger logger, string file, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{File} stays with the processor.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string file);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The silo ends: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);
}
