using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Batching;
using RecallCluster.TorchScoring.Devices;
using RecallCluster.TorchScoring.Models;
using RecallCluster.TorchScoring.Walking;
using TorchSharp;

namespace RecallCluster.TorchScoring;

/// <summary>A shard whose tables are on a device of libtorch.</summary>
internal sealed class TorchShard : IDeviceShard
{
    private readonly Stack<IDisposable> _owned = new();
    private readonly DeviceHealth _health = new();
    private readonly DeviceCounter _counter = new();
    private readonly IDisposable? _metrics;

    public TorchShard(
        TorchDevice device, DeviceShape shape, DeepAdModel model, AdIndex index, GuidedSearchParameters parameters, DeviceOptions options)
    {
        // Threads of one call that wait for each other lose more than they win where other calls want the processor.
        if (!device.IsCuda)
            torch.set_num_threads(Math.Max(1, Environment.ProcessorCount / options.Batches.Workers));
        WarmUp? warmUp = null;
        try
        {
            IDeviceModel scores = Own<IDeviceModel>(options.ModulePath is { } path
                ? new ScriptDeviceModel(device, path, index, shape.UserStateLength)
                : new FoldedDeviceModel(device, ModelFolder.Weights(model), index));
            warmUp = new WarmUp(scores.WarmUpRounds);
            var scorer = Own(new BatchedScorer(device, scores, options.Batches, _health, _counter, warmUp));
            Scorer = scorer;
            if (options.Scorer.Walks && index.Count > 0)
            {
                DeviceGraph graph = Own(new DeviceGraph(device, index.Graph));
                Walker = Own(new DeviceWalker(
                    device, scores, graph, parameters, model.Config.SequenceLimit, options.Batches, _health, _counter, warmUp));
            }
            warmUp.Run();
            _metrics = DeviceMetrics.Watch(device.ToString(), _counter);
            string what = options.ModulePath is { } module ? Path.GetFileName(module) : "the reference model";
            Description = $"{what} on {device}, {shape.Bytes >> 20:N0} MiB{(Walker is null ? "" : ", walks there")}";
        }
        catch (Exception e)
        {
            warmUp?.Dispose();
            Dispose();
            Exception known = TorchErrors.Translate(e, $"Putting {index.FilePath} on {options.Scorer}");
            if (known == e)
                throw;
            throw known;
        }
    }

    public string Description { get; }

    public IScorer Scorer { get; }

    public IWalker? Walker { get; }

    public Task<DeviceLostException> Lost => _health.Lost;

    public DeviceFigures Figures => _counter.Figures;

    public void Dispose()
    {
        _metrics?.Dispose();
        while (_owned.TryPop(out IDisposable? owned))
            owned.Dispose();
    }

    private T Own<T>(T part)
        where T : IDisposable
    {
        _owned.Push(part);
        return part;
    }
}
