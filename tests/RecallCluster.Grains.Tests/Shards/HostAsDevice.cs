using RecallCluster.Learning.Models;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Grains.Tests.Shards;

/// <summary>A device with room for so many shards: scores on the processor and counts what it is asked. Thread-safe.</summary>
internal sealed class HostAsDevice(int room = int.MaxValue) : IDeviceScoring
{
    private readonly Lock _lock = new();
    private readonly List<string> _files = [];

    public int Opened { get; private set; }

    public int Closed { get; private set; }

    /// <summary>How often there was no room.</summary>
    public int Refused { get; private set; }

    /// <summary>The files of the shards that are on it.</summary>
    public IReadOnlyList<string> Files
    {
        get
        {
            lock (_lock)
                return [.. _files];
        }
    }

    public DeviceOptions? Options { get; private set; }

    public IReadOnlyList<DeviceCheck> Inspect() => [];

    public IDeviceShard Open(DeepAdModel model, AdIndex index, GuidedSearchParameters parameters, DeviceOptions options)
    {
        lock (_lock)
        {
            if (Opened - Closed == room)
            {
                Refused++;
                throw new DeviceMemoryException($"{index.FilePath} does not fit.");
            }
            Opened++;
            _files.Add(index.FilePath);
            Options = options;
        }
        return new HostShard(IndexScorer.Growing(model)(index.Records, index.Count), () => Close(index.FilePath));
    }

    private void Close(string file)
    {
        lock (_lock)
        {
            Closed++;
            _files.Remove(file);
        }
    }

    private sealed class HostShard(IScorer scorer, Action close) : IDeviceShard
    {
        public string Description => "the processor, as a device";

        public IScorer Scorer => scorer;

        public IWalker? Walker => null;

        public Task<DeviceLostException> Lost { get; } = new TaskCompletionSource<DeviceLostException>().Task;

        public DeviceFigures Figures => default;

        public void Dispose() => close();
    }
}
