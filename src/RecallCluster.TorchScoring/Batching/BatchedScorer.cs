using System.Collections.Concurrent;
using RecallCluster.Retrieval;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Devices;
using RecallCluster.TorchScoring.Models;

namespace RecallCluster.TorchScoring.Batching;

/// <summary>
/// A model on a device as the host's walks see it. Callers wait while a batch of their calls is computed:
/// <code> Score, Score, Score ─► queue (bounded: callers wait) ─► batch, padded to a shape ─► device ─► cut up ─► callers go on </code>
/// </summary>
internal sealed unsafe class BatchedScorer : IScorer, IDisposable
{
    private readonly IDeviceModel _model;
    private readonly Workers<ScoreJob> _workers;
    private readonly ConcurrentBag<ScoreJob> _jobs = [];
    private readonly int _most;

    /// <summary>To be used once <paramref name="warmUp"/> was run; the model stays with the caller.</summary>
    public BatchedScorer(TorchDevice device, IDeviceModel model, DeviceBatches batches, DeviceHealth health, DeviceCounter counter,
        WarmUp warmUp)
    {
        (_model, _most) = (model, batches.Ads[^1]);
        _workers = new Workers<ScoreJob>(
            "Scoring a batch", batches, health, () => new ScoreWorker(device, model, batches, counter), warmUp);
    }

    public int ItemCount => _model.ItemCount;

    public int UserStateLength => _model.UserStateLength;

    /// <exception cref="ArgumentException">The user state or the scores have the wrong length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An ordinal names no ad.</exception>
    /// <exception cref="DeviceLostException">The device is lost.</exception>
    /// <exception cref="DeviceMemoryException">The device's memory is full.</exception>
    /// <exception cref="ObjectDisposedException">The scorer was disposed.</exception>
    public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        if (userState.Length != UserStateLength)
        {
            throw new ArgumentException(
                $"The user state holds {userState.Length} floats; {UserStateLength} are wanted.", nameof(userState));
        }
        if (scores.Length < ordinals.Length)
            throw new ArgumentException($"There is room for {scores.Length} scores; {ordinals.Length} ads are asked for.", nameof(scores));
        foreach (int ordinal in ordinals)
            if ((uint)ordinal >= (uint)ItemCount)
                throw new ArgumentOutOfRangeException(nameof(ordinals), ordinal, $"There are {ItemCount} ads.");
        if (!_jobs.TryTake(out ScoreJob? job))
            job = new ScoreJob();
        fixed (float* state = userState, score = scores)
        fixed (int* ordinal = ordinals)
        {
            for (int start = 0; start < ordinals.Length; start += _most)
            {
                job.Set(state, userState.Length, ordinal + start, score + start, Math.Min(_most, ordinals.Length - start));
                _workers.Do(job);
            }
        }
        _jobs.Add(job);
    }

    public void Dispose() => _workers.Dispose();
}
