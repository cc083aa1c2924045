using System.Diagnostics.CodeAnalysis;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Batching;
using RecallCluster.TorchScoring.Devices;
using RecallCluster.TorchScoring.Models;
using TorchSharp;

namespace RecallCluster.TorchScoring.Walking;

/// <summary>
/// Walks on the device for requests that every ad is eligible for and that keep by score; the host walks for the others, such as those that
/// keep by value, and scores on the device. Concurrent requests become batches.
/// </summary>
internal sealed unsafe class DeviceWalker : IWalker, IDisposable
{
    private readonly DeviceGraph _graph;
    private readonly IDeviceModel _model;
    private readonly WalkPlan _plan;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly Workers<WalkJob> _workers;

    /// <summary>Warms every shape up; graph and model stay with the caller.</summary>
    public DeviceWalker(
        TorchDevice device, IDeviceModel model, DeviceGraph graph, GuidedSearchParameters parameters, DeviceBatches batches,
        DeviceHealth health, DeviceCounter counter)
    {
        (_graph, _model) = (graph, model);
        _plan = new WalkPlan(parameters, graph, batches.PlacesPerHop);
        WalkWorker[] workers =
            [.. Enumerable.Range(0, batches.Workers).Select(_ => new WalkWorker(device, model, graph, _plan, batches, counter))];
        try
        {
            using IDisposable inference = torch.inference_mode();
            foreach (WalkWorker worker in workers)
                worker.WarmUp();
        }
        catch
        {
            Array.ForEach(workers, worker => worker.Dispose());
            throw;
        }
        _workers = new Workers<WalkJob>(
            "Walking for a batch", batches.Queue, TimeSpan.FromMilliseconds(batches.WaitMilliseconds), health, workers);
    }

    public bool TrySearch(in GuidedRequest request, [NotNullWhen(true)] out GuidedSearchResult? result)
    {
        result = null;
        if (request.K < 1)
            throw new ArgumentException($"K is {request.K}: want at least 1.", nameof(request));
        if (request.UserState.Length != _model.UserStateLength)
        {
            throw new ArgumentException(
                $"The user state has {request.UserState.Length} floats; the model wants {_model.UserStateLength}.", nameof(request));
        }
        int wanted = Math.Min(request.K, _graph.Count);
        if (request.Filter is not null || request.Ranking is not null || wanted > _plan.MostWanted)
            return false;
        if (request.Deadline < _time.GetTimestamp())
        {
            result = new GuidedSearchResult([], [], new GuidedSearchStatistics { StopReason = StopReason.Deadline });
            return true;
        }
        fixed (float* state = request.UserState)
        fixed (int* seeds = request.Seeds)
        {
            var job = new WalkJob(
                state, request.UserState.Length, seeds, request.Seeds.Length, wanted,
                Math.Min(_plan.MaxScorings, request.MaxScorings ?? int.MaxValue));
            long start = _time.GetTimestamp();
            _workers.Do(job);
            if (job.Result is not { } found)
                return false;
            result = found with { Statistics = found.Statistics with { TotalTicks = _time.GetTimestamp() - start } };
            return true;
        }
    }

    public void Dispose() => _workers.Dispose();
}
