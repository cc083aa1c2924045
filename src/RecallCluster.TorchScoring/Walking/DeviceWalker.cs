using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Batching;
using RecallCluster.TorchScoring.Devices;
using RecallCluster.TorchScoring.Models;

namespace RecallCluster.TorchScoring.Walking;

/// <summary>
/// Walks on the device for requests that every ad is eligible for and that keep by score; the host walks for the others, such as those that
/// keep by value, and scores on the device. Concurrent requests become batches. Deadlines are those of the system's clock.
/// </summary>
internal sealed unsafe class DeviceWalker : IWalker, IDisposable
{
    private readonly DeviceGraph _graph;
    private readonly IDeviceModel _model;
    private readonly WalkPlan _plan;
    private readonly int _mostSeeds;
    private readonly Workers<WalkJob> _workers;

    /// <summary>To be used once <paramref name="warmUp"/> was run; graph and model stay with the caller.</summary>
    /// <param name="device">Where.</param>
    /// <param name="model">The model.</param>
    /// <param name="graph">The graph over its ads.</param>
    /// <param name="parameters">The knobs.</param>
    /// <param name="mostSeeds">Most seeds of a request; one with more is left to the host.</param>
    /// <param name="batches">Shapes and limits.</param>
    /// <param name="health">The device's.</param>
    /// <param name="counter">Counts what is computed.</param>
    /// <param name="warmUp">Computes every shape.</param>
    public DeviceWalker(
        TorchDevice device, IDeviceModel model, DeviceGraph graph, GuidedSearchParameters parameters, int mostSeeds, DeviceBatches batches,
        DeviceHealth health, DeviceCounter counter, WarmUp warmUp)
    {
        (_graph, _model, _mostSeeds) = (graph, model, Math.Max(1, mostSeeds));
        _plan = new WalkPlan(parameters, graph, batches.PlacesPerHop);
        _workers = new Workers<WalkJob>(
            "Walking for a batch", batches, health,
            () => new WalkWorker(device, model, graph, _plan, _mostSeeds, batches, counter), warmUp);
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
        if (request.Filter is not null || request.Ranking is not null || wanted > _plan.MostWanted || request.Seeds.Length > _mostSeeds)
            return false;
        fixed (float* state = request.UserState)
        fixed (int* seeds = request.Seeds)
        {
            var job = new WalkJob(
                state, request.UserState.Length, seeds, request.Seeds.Length, wanted,
                Math.Min(_plan.MaxScorings, request.MaxScorings ?? int.MaxValue))
            {
                Deadline = request.Deadline,
            };
            long start = Stopwatch.GetTimestamp();
            if (!_workers.Do(job))
                job.Result = new GuidedSearchResult([], [], new GuidedSearchStatistics { StopReason = StopReason.Deadline });
            if (job.Result is not { } found)
                return false;
            result = found with { Statistics = found.Statistics with { TotalTicks = Stopwatch.GetTimestamp() - start } };
            return true;
        }
    }

    public void Dispose() => _workers.Dispose();
}
