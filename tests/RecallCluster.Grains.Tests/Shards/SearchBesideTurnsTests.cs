using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Shards;
using RecallCluster.Grains.Tests.Cluster;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving;
using RecallCluster.Serving.Tests;
using RecallCluster.Serving.Tests.Market;
using RecallCluster.Wire.Shards;

namespace RecallCluster.Grains.Tests.Shards;

/// <summary>A search keeps a processor busy for milliseconds; the turns of grains must not wait for it.</summary>
public sealed class SearchBesideTurnsTests
{
    private const int Searches = 4, Turns = 100, Found = 5;

    [Fact]
    public async Task While_all_searches_of_a_shard_stand_still_its_grain_takes_turns()
    {
        using var files = new TinyIndex();
        string file = files.Write([.. Enumerable.Range(0, 50).Select(number => $"ad{number}")]);
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 1, 1)));
        IShardGrain grain = host.Grains.GetGrain<IShardGrain>(new ReplicaKey(GatewayComposition.IndexName, 0, 0).ToString());
        await grain.StateAsync();
        using var gate = new Gate();
        for (int silo = 0; silo < host.Cluster.Silos.Count; silo++)
        {
            AdIndex index = AdIndex.Open(file);
            host.ServicesOf(silo).GetRequiredService<SiloShards>().Of(0).Add(new ShardVersion(
                "v1", index, new GatedScorer(new InnerProductScorer(index.Vectors, index.Count, TinyIndex.Dim), gate),
                new GuidedSearchParameters { Layers = [new LayerBudget(100, 20)] }, null, TimeProvider.System));
        }
        ShardQueryMessage query = ShardWire.ToWire(new ShardQuery("v1", new float[TinyIndex.Dim], Found), "v1");

        Task<ShardAnswerMessage>[] searches = [.. Enumerable.Range(0, Searches).Select(_ => grain.SearchAsync(query))];
        await gate.Entered.WaitAsync(TimeSpan.FromMinutes(5));
        for (int turn = 0; turn < Turns; turn++)
            await grain.StateAsync();
        Assert.All(searches, search => Assert.False(search.IsCompleted));
        gate.Open();

        Assert.All(await Task.WhenAll(searches), answer => Assert.Equal(Found, answer.Ids.Length));
        Assert.Equal([TaskScheduler.Default], gate.Schedulers.Distinct());
    }

    /// <summary>Holds whoever comes until it is opened, and remembers whose work it was.</summary>
    private sealed class Gate : IDisposable
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _open = new();

        public Task Entered => _entered.Task;

        public ConcurrentQueue<TaskScheduler> Schedulers { get; } = new();

        public void Open() => _open.Set();

        public void Pass()
        {
            Schedulers.Enqueue(TaskScheduler.Current);
            _entered.TrySetResult();
            _open.Wait();
        }

        public void Dispose() => _open.Dispose();
    }

    private sealed class GatedScorer(IScorer inner, Gate gate) : IScorer
    {
        public int ItemCount => inner.ItemCount;

        public int UserStateLength => inner.UserStateLength;

        public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
        {
            gate.Pass();
            inner.Score(userState, ordinals, scores);
        }
    }
}
