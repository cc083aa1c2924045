using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Batching;
using RecallCluster.TorchScoring.Devices;
using RecallCluster.TorchScoring.Models;
using RecallCluster.TorchScoring.Walking;
using TorchSharp;

namespace RecallCluster.TorchScoring.Tests;

/// <summary>What a device is asked to compute, seen from the model.</summary>
[Collection(SharedShard.Name)]
public sealed class WarmShapesTests(TrainedShard shard)
{
    private static readonly DeviceBatches Batches = new() { Requests = [1, 2, 4], Ads = [64, 1_024], MostPlaces = 1 << 11, Workers = 2 };

    [Fact]
    public void No_call_has_a_shape_that_was_not_computed_before_the_first()
    {
        using var model = new WatchedModel(shard.Index.Count);
        using var warmUp = new WarmUp(1);
        using var scorer = new BatchedScorer(
            TorchDevice.Open(ScorerChoice.TryParse("torch-cpu")!, ScorerPrecision.Fp32), model, Batches, new DeviceHealth(),
            new DeviceCounter(), warmUp);
        warmUp.Run();
        HashSet<(long, long)> warm = [.. model.Shapes];
        Assert.Equal([(1, 64), (1, 1_024), (2, 64), (2, 1_024), (4, 64)], warm.Order());
        model.Shapes.Clear();

        Parallel.For(0, 64, call =>
        {
            var random = new SeededRandom((ulong)call);
            int[] ads = [.. Enumerable.Range(0, 1 + random.NextInt(2_500)).Select(_ => random.NextInt(shard.Index.Count))];
            Assert.Equal(ads.Select(ad => (float)ad), TrainedShard.Score(scorer, [0], ads));
        });

        Assert.NotEmpty(model.Shapes);
        Assert.Subset(warm, model.Shapes.ToHashSet());
    }

    [Fact]
    public void Users_of_an_earlier_batch_are_not_computed_again()
    {
        TorchDevice device = TorchDevice.Open(ScorerChoice.TryParse("torch-cpu")!, ScorerPrecision.Fp32);
        using var model = new ScriptDeviceModel(device, TrainedShard.ModuleAt("ThrowsLater.pt"), shard.Index, shard.Users[0].State.Length);
        using var worker = new ScoreWorker(device, model, Batches with { Requests = [4] }, new DeviceCounter());
        var bad = (float[])shard.Users[1].State.Clone();
        bad[0] = 1e6f;

        Assert.ThrowsAny<Exception>(() => Compute(worker, shard.Users[1].State, bad));
        Compute(worker, shard.Users[1].State);
    }

    [Fact]
    public void A_walk_holds_no_more_the_longer_it_goes()
    {
        // From one ad on, three at a time, until it has them all.
        var parameters = new GuidedSearchParameters { Layers = [new(2_000, 1_000_000, 3)] };
        TorchDevice device = TorchDevice.Open(ScorerChoice.TryParse("torch-cpu")!, ScorerPrecision.Fp32);
        using var model = new WatchedModel(shard.Index.Count);
        using var graph = new DeviceGraph(device, shard.Index.Graph);
        using var warmUp = new WarmUp(1);
        using var walker = new DeviceWalker(
            device, model, graph, parameters, 8, Batches with { Requests = [1], Workers = 1 }, new DeviceHealth(),
            new DeviceCounter(), warmUp);
        warmUp.Run();
        model.Alive.Clear();

        Assert.True(walker.TrySearch(new GuidedRequest([0], 100), out GuidedSearchResult? found));

        long[] alive = [.. model.Alive];
        Assert.True(found.Statistics.Hops > 200, $"{found.Statistics.Hops} hops");
        long early = alive[alive.Length / 4], late = alive[^1];
        Assert.True(late - early < 50, $"{early} tensors after a quarter, {late} at the end of {alive.Length} calls");
    }

    [Fact]
    public void What_a_device_computes_is_on_the_meter()
    {
        var measured = new ConcurrentDictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, to) =>
        {
            if (instrument.Meter.Name == Telemetry.Name && instrument.Name.StartsWith("recall.device.", StringComparison.Ordinal))
                to.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>(
            (instrument, value, _, _) => measured.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value));
        listener.Start();
        listener.RecordObservableInstruments();
        var before = new Dictionary<string, long>(measured);
        DeviceFigures figures;
        string module = TrainedShard.ModuleAt("NotANumber.pt");
        using (IDeviceShard device = shard.Open("torch-cpu-walk", with: o => o with { ModulePath = module }))
        {
            TrainedShard.Score(device.Scorer, shard.Users[1].State, shard.AllAds()[..500]);
            device.Walker!.TrySearch(new GuidedRequest(shard.Users[1].State, 10), out _);
            figures = device.Figures;
        }
        measured.Clear();
        listener.RecordObservableInstruments();

        Assert.Equal(2, figures.Batches);
        Assert.True(figures.NanScores > 0);
        Assert.True(figures.Places > figures.Scorings, $"{figures.Places} places for {figures.Scorings} scorings");
        long Grown(string name) => measured[name] - before.GetValueOrDefault(name);
        Assert.Equal(figures.Batches, Grown("recall.device.batches"));
        Assert.Equal(figures.Requests, Grown("recall.device.requests"));
        Assert.Equal(figures.Scorings, Grown("recall.device.scorings"));
        Assert.Equal(figures.Places, Grown("recall.device.places"));
        Assert.Equal(figures.NanScores, Grown("recall.device.nan_scores"));
    }

    private static unsafe void Compute(ScoreWorker worker, params float[][] states)
    {
        int ad = 0;
        float score = 0;
        using DisposeScope scope = torch.NewDisposeScope();
        var batch = new List<ScoreJob>();
        var kept = new List<float[]>();
        foreach (float[] state in states)
        {
            float[] still = GC.AllocateUninitializedArray<float>(state.Length, pinned: true);
            state.CopyTo(still, 0);
            kept.Add(still);
            var job = new ScoreJob();
            job.Set((float*)Unsafe.AsPointer(ref still[0]), state.Length, &ad, &score, 1);
            batch.Add(job);
        }
        worker.Compute(batch);
        GC.KeepAlive(kept);
    }

    /// <summary>Scores every ad by its ordinal, and remembers what it was asked.</summary>
    private sealed class WatchedModel(int items) : IDeviceModel
    {
        public ConcurrentQueue<(long Users, long Ads)> Shapes { get; } = new();

        /// <summary>Tensors that were there at each call.</summary>
        public ConcurrentQueue<long> Alive { get; } = new();

        public int ItemCount => items;

        public int UserStateLength => 1;

        public int PackedFloats => 1;

        public int PackedInts => 1;

        public int WarmUpRounds => 1;

        public void Pack(ReadOnlySpan<float> state, Span<float> floats, Span<int> ints) => state.CopyTo(floats);

        public DeviceUsers Prepare(torch.Tensor floats, torch.Tensor ints) => new(floats.shape[0], floats);

        public torch.Tensor Score(DeviceUsers users, torch.Tensor ads)
        {
            Shapes.Enqueue((ads.shape[0], ads.shape[1]));
            Alive.Enqueue(torch.Tensor.TotalCount);
            return ads.to(torch.ScalarType.Float32);
        }

        public void Dispose()
        {
        }
    }
}
