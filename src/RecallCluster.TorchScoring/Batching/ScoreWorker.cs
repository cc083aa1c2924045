using System.Runtime.InteropServices;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Devices;
using RecallCluster.TorchScoring.Models;
using TorchSharp;

namespace RecallCluster.TorchScoring.Batching;

/// <summary>Has the device score batches of <see cref="ScoreJob"/>, padded to the next shape.</summary>
internal sealed class ScoreWorker : IBatchWorker<ScoreJob>
{
    private readonly TorchDevice _device;
    private readonly IDeviceModel _model;
    private readonly DeviceBatches _batches;
    private readonly DeviceCounter _counter;
    private readonly UserStaging _users;
    private readonly torch.Tensor _ordinals, _scores;

    public ScoreWorker(TorchDevice device, IDeviceModel model, DeviceBatches batches, DeviceCounter counter)
    {
        (_device, _model, _batches, _counter) = (device, model, batches, counter);
        using var parts = new Parts();
        _users = parts.Add(new UserStaging(device, model, batches.Requests[^1]));
        _ordinals = parts.Add(device.Staging(batches.MostPlaces, torch.ScalarType.Int32));
        _scores = parts.Add(device.Staging(batches.MostPlaces, torch.ScalarType.Float32));
        parts.Keep();
    }

    public bool Fits(List<ScoreJob> batch, ScoreJob job)
    {
        int longest = batch.Max(other => other.Count);
        return Fits(batch.Count + 1, Math.Max(longest, job.Count));
    }

    public void Compute(List<ScoreJob> batch)
    {
        int longest = batch.Max(job => job.Count);
        (int places, int ads) = (DeviceBatches.ShapeOf(_batches.Requests, batch.Count), DeviceBatches.ShapeOf(_batches.Ads, longest));
        Span<int> ordinals = MemoryMarshal.Cast<byte, int>(_ordinals.bytes)[..(places * ads)];
        for (int i = 0; i < batch.Count; i++)
        {
            _users.Pack(i, batch[i].State);
            Span<int> row = ordinals.Slice(i * ads, ads);
            batch[i].Ordinals.CopyTo(row);
            row[batch[i].Count..].Fill(_model.ItemCount);
        }
        ordinals[(batch.Count * ads)..].Fill(_model.ItemCount);
        _users.Clear(batch.Count, places);
        Run(places, ads);
        ReadOnlySpan<float> scores = MemoryMarshal.Cast<byte, float>(_scores.bytes);
        long nans = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            ReadOnlySpan<float> own = scores.Slice(i * ads, batch[i].Count);
            own.CopyTo(batch[i].Scores);
            nans += CountNans(own);
        }
        _counter.Add(batch.Count, batch.Sum(job => (long)job.Count), (long)places * ads, nans);
    }

    public void WarmUp(Action hold)
    {
        _users.Clear(0, _batches.Requests[^1]);
        MemoryMarshal.Cast<byte, int>(_ordinals.bytes).Fill(_model.ItemCount);
        foreach (int places in _batches.Requests)
        {
            foreach (int ads in _batches.Ads.Where(ads => Fits(places, ads)))
            {
                using DisposeScope scope = torch.NewDisposeScope();
                Run(places, ads);
                hold();
            }
        }
    }

    public void Dispose()
    {
        _users.Dispose();
        _ordinals.Dispose();
        _scores.Dispose();
    }

    private bool Fits(int requests, int ads)
    {
        if (requests > _batches.Requests[^1])
            return false;
        long places = (long)DeviceBatches.ShapeOf(_batches.Requests, requests) * DeviceBatches.ShapeOf(_batches.Ads, ads);
        return requests == 1 || places <= _batches.MostPlaces;
    }

    private static int CountNans(ReadOnlySpan<float> scores)
    {
        int count = 0;
        foreach (float score in scores)
            count += float.IsNaN(score) ? 1 : 0;
        return count;
    }

    private void Run(int places, int ads)
    {
        DeviceUsers users = _users.Send(places);
        torch.Tensor ordinals = _ordinals.narrow(0, 0, (long)places * ads).view(places, ads)
            .to(_device.Device, non_blocking: true).to(torch.ScalarType.Int64);
        torch.Tensor scores = _model.Score(users, ordinals);
        // Waits until they are there.
        _scores.narrow(0, 0, (long)places * ads).view(places, ads).copy_(scores);
    }
}
