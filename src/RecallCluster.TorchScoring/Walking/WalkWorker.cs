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
    /// <summary>Seeds that are looked at, the newest: more than a model's sequence has by default.</summary>
    private const int MostSeeds = 64;

    private readonly TorchDevice _device;
    private readonly IDeviceModel _model;
    private readonly DeviceBatches _batches;
    private readonly DeviceCounter _counter;
    private readonly WalkPlan _plan;
    private readonly WalkMarks _marks;
    private readonly DeviceWalk _walk;
    private readonly UserStaging _users;
    private readonly torch.Tensor _seeds, _budgets;

    public WalkWorker(
        TorchDevice device, IDeviceModel model, DeviceGraph graph, WalkPlan plan, DeviceBatches batches, DeviceCounter counter)
    {
        (_device, _model, _plan, _batches, _counter) = (device, model, plan, batches, counter);
        int most = batches.Requests[^1];
        _marks = new WalkMarks(device.Device, most, graph.Count);
        _walk = new DeviceWalk(graph, model, plan, _marks, batches.MostPlaces);
        _users = new UserStaging(device, model, most);
        _seeds = device.Staging(most * MostSeeds, torch.ScalarType.Int32);
        _budgets = device.Staging(most, torch.ScalarType.Int64);
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
            ReadOnlySpan<int> newest = job.Seeds.Length > MostSeeds ? job.Seeds[^MostSeeds..] : job.Seeds;
            for (int seed = 0; seed < newest.Length; seed++)
                seeds[(i * MostSeeds) + seed] = (uint)newest[seed] < (uint)_model.ItemCount ? newest[seed] : _model.ItemCount;
            budgets[i] = job.MaxScorings;
            wanted = Math.Max(wanted, job.Wanted);
        }
        WalkAnswer answer = Run(places, wanted);
        Read(batch, answer);
    }

    /// <summary>Walks once in every shape.</summary>
    public void WarmUp()
    {
        MemoryMarshal.Cast<byte, int>(_seeds.bytes).Fill(_model.ItemCount);
        MemoryMarshal.Cast<byte, long>(_budgets.bytes).Fill(_plan.MaxScorings);
        foreach (int places in _batches.Requests)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using torch.Tensor read = Run(places, _plan.MostWanted).Facts.cpu();
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
        torch.Tensor seeds = _seeds.narrow(0, 0, (long)places * MostSeeds).view(places, MostSeeds)
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
        long scorings = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            ReadOnlySpan<long> of = told.Slice(i * facts, facts);
            int found = (int)Math.Min(of[0], batch[i].Wanted);
            bool hitBudget = of[4] != 0, couldGoOn = of[5] != 0;
            scorings += of[1];
            var statistics = new GuidedSearchStatistics
            {
                Scorings = (int)of[1],
                Hops = (int)of[2],
                NanScores = (int)of[3],
                StopReason = hitBudget ? StopReason.Budget : couldGoOn ? StopReason.Completed : StopReason.FrontierEmpty,
            };
            // Where the graph leads to fewer ads than are wanted, the host's walk goes on where this one ends.
            batch[i].Result = found < batch[i].Wanted && !hitBudget
                ? null
                : new GuidedSearchResult(
                    ads.Slice(i * width, found).ToArray(), scores.Slice(i * width, found).ToArray(), statistics);
        }
        _counter.Add(batch.Count, scorings, 0);
    }
}
