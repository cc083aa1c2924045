using System.Runtime.InteropServices;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Batching;
using RecallCluster.TorchScoring.Devices;
using RecallCluster.TorchScoring.Models;
using TorchSharp;

namespace RecallCluster.TorchScoring.Walking;

/// <summary>Has the device walk for batches of <see cref="WalkJob"/>, padded to the next shape.</summary>
internal sealed class WalkWorker : IBatchWorker<WalkJob>
{
    private readonly TorchDevice _device;
    private readonly IDeviceModel _model;
    private readonly DeviceBatches _batches;
    private readonly DeviceCounter _counter;
    private readonly WalkPlan _plan;
    private readonly WalkMarks _marks;
    private readonly DeviceWalk _walk;
    private readonly UserStaging _users;
    private readonly torch.Tensor _seeds, _budgets;
    private readonly int _mostSeeds;

    public WalkWorker(
        TorchDevice device, IDeviceModel model, DeviceGraph graph, WalkPlan plan, int mostSeeds, DeviceBatches batches,
        DeviceCounter counter)
    {
        (_device, _model, _plan, _mostSeeds, _batches, _counter) = (device, model, plan, mostSeeds, batches, counter);
        int most = batches.Requests[^1];
        using var parts = new Parts();
        _marks = parts.Add(new WalkMarks(device.Device, most, graph.Count));
        _walk = new DeviceWalk(graph, model, plan, _marks, batches.MostPlaces);
        _users = parts.Add(new UserStaging(device, model, most));
        _seeds = parts.Add(device.Staging((long)most * mostSeeds, torch.ScalarType.Int32));
        _budgets = parts.Add(device.Staging(most, torch.ScalarType.Int64));
        parts.Keep();
    }

    public bool Fits(List<WalkJob> batch, WalkJob job) => batch.Count < _batches.Requests[^1];

    public void Compute(List<WalkJob> batch)
    {
        int places = DeviceBatches.ShapeOf(_batches.Requests, batch.Count);
        Span<int> seeds = MemoryMarshal.Cast<byte, int>(_seeds.bytes);
        Span<long> budgets = MemoryMarshal.Cast<byte, long>(_budgets.bytes);
        seeds.Fill(_model.ItemCount);
        budgets.Clear();
        int wanted = 1;
        for (int i = 0; i < batch.Count; i++)
        {
            WalkJob job = batch[i];
            _users.Pack(i, job.State);
            ReadOnlySpan<int> own = job.Seeds;
            for (int seed = 0; seed < own.Length; seed++)
                seeds[(i * _mostSeeds) + seed] = (uint)own[seed] < (uint)_model.ItemCount ? own[seed] : _model.ItemCount;
            budgets[i] = job.MaxScorings;
            wanted = Math.Max(wanted, job.Wanted);
        }
        _users.Clear(batch.Count, places);
        WalkAnswer answer = Run(places, wanted);
        Read(batch, answer);
    }

    public void WarmUp(Action hold)
    {
        _users.Clear(0, _batches.Requests[^1]);
        MemoryMarshal.Cast<byte, int>(_seeds.bytes).Fill(_model.ItemCount);
        MemoryMarshal.Cast<byte, long>(_budgets.bytes).Fill(_plan.MaxScorings);
        foreach (int places in _batches.Requests)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using torch.Tensor read = Run(places, _plan.MostWanted).Facts.cpu();
            hold();
        }
    }

    public void Dispose()
    {
        _users.Dispose();
        _marks.Dispose();
        _seeds.Dispose();
        _budgets.Dispose();
    }

    private WalkAnswer Run(int places, int wanted)
    {
        DeviceUsers users = _users.Send(places);
        torch.Tensor seeds = _seeds.narrow(0, 0, (long)places * _mostSeeds).view(places, _mostSeeds)
            .to(_device.Device, non_blocking: true).to(torch.ScalarType.Int64);
        torch.Tensor budgets = _budgets.narrow(0, 0, places).to(_device.Device, copy: true, non_blocking: true);
        return _walk.Run(users, seeds, budgets, wanted);
    }

    private void Read(List<WalkJob> batch, WalkAnswer answer)
    {
        int width = (int)answer.Ads.shape[1], facts = (int)answer.Facts.shape[1];
        ReadOnlySpan<int> ads = MemoryMarshal.Cast<byte, int>(answer.Ads.cpu().contiguous().bytes);
        ReadOnlySpan<float> scores = MemoryMarshal.Cast<byte, float>(answer.Scores.cpu().contiguous().bytes);
        ReadOnlySpan<long> told = MemoryMarshal.Cast<byte, long>(answer.Facts.cpu().contiguous().bytes);
        long scorings = 0, nans = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            ReadOnlySpan<long> of = told.Slice(i * facts, facts);
            int found = (int)Math.Min(of[0], batch[i].Wanted);
            bool hitBudget = of[4] != 0, couldGoOn = of[5] != 0;
            (scorings, nans) = (scorings + of[1], nans + of[3]);
            var statistics = new GuidedSearchStatistics
            {
                Scorings = (int)of[1],
                Hops = (int)of[2],
                NanScores = (int)of[3],
                StopReason = hitBudget ? StopReason.Budget : couldGoOn ? StopReason.Completed : StopReason.FrontierEmpty,
            };
            // Where the graph leads to fewer ads than are wanted, the host walks for the request from its beginning, and fills up.
            batch[i].Result = found < batch[i].Wanted && !hitBudget
                ? null
                : new GuidedSearchResult(
                    ads.Slice(i * width, found).ToArray(), scores.Slice(i * width, found).ToArray(), statistics);
        }
        _counter.Add(batch.Count, scorings, answer.Places, nans);
    }
}
