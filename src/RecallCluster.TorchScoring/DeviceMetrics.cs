using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using RecallCluster.Serving;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Batching;

namespace RecallCluster.TorchScoring;

/// <summary>
/// What devices computed, on the meter <see cref="Telemetry.Name"/>: counters by device, over all shards that were there.
/// </summary>
internal static class DeviceMetrics
{
    private static readonly Meter Meter = new(Telemetry.Name);
    private static readonly ConcurrentDictionary<string, Device> Devices = new(StringComparer.Ordinal);

    static DeviceMetrics()
    {
        Observe("recall.device.batches", "{batch}", "Batches that a device computed.", figures => figures.Batches);
        Observe("recall.device.requests", "{request}", "Requests in the batches of a device.", figures => figures.Requests);
        Observe("recall.device.scorings", "{scoring}", "Ads that a device scored because a request asked.", figures => figures.Scorings);
        Observe("recall.device.places", "{place}", "Places of a device's batches, padding included.", figures => figures.Places);
        Observe("recall.device.nan_scores", "{scoring}", "Scores of a device that were not numbers.", figures => figures.NanScores);
    }

    /// <summary>Counts a shard's part, until what is returned is disposed.</summary>
    /// <param name="device">The device's name.</param>
    /// <param name="counter">The shard's.</param>
    public static IDisposable Watch(string device, DeviceCounter counter)
    {
        Device of = Devices.GetOrAdd(device, _ => new Device());
        of.Add(counter);
        return new Watching(of, counter);
    }

    private static void Observe(string name, string unit, string description, Func<DeviceFigures, long> figure) =>
        Meter.CreateObservableCounter(
            name,
            () => Devices.Select(device => new Measurement<long>(
                figure(device.Value.Sum), new KeyValuePair<string, object?>("device", device.Key))),
            unit,
            description);

    private sealed class Device
    {
        private readonly Lock _lock = new();
        private readonly HashSet<DeviceCounter> _counters = [];

        // Counters never fall: what shards did that are closed stays.
        private DeviceFigures _before;

        public DeviceFigures Sum
        {
            get
            {
                lock (_lock)
                    return _counters.Aggregate(_before, (sum, counter) => sum.And(counter.Figures));
            }
        }

        public void Add(DeviceCounter counter)
        {
            lock (_lock)
                _counters.Add(counter);
        }

        public void Remove(DeviceCounter counter)
        {
            lock (_lock)
                _before = _counters.Remove(counter) ? _before.And(counter.Figures) : _before;
        }
    }

    private sealed class Watching(Device device, DeviceCounter counter) : IDisposable
    {
        public void Dispose() => device.Remove(counter);
    }
}
