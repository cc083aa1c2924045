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

/// <summary>
/// A search keeps a processor busy for milliseconds; the turns of grains must not wait for it, nor for threads that searches hold.
/// </summary>
public sealed class SearchBesideTurnsTests
{
    private const int More = 6, Turns = 100, Found = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5), Look = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task Searches_that_stand_still_hold_few_threads_and_meanwhile_the_shards_grain_takes_turns()
    {
        using var files = new TinyIndex();
        string file = files.Write([.. Enumerable.Range(0, 50).Select(number => $"ad{number}")]);
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 1, 1)));
        var key = new ReplicaKey(GatewayComposition.IndexName, 0, 0);
        IShardGrain grain = host.Grains.GetGrain<IShardGrain>(key.ToString());
        await grain.StateAsync();
        Assert.Single(Enumerable.Range(0, host.Cluster.Silos.Count), silo => host.ServicesOf(silo).GetRequiredService<SiloShards>().Serves(key));
        using var gate = new Gate();
        for (int silo = 0; silo < host.Cluster.Silos.Count; silo++)
        {
            AdIndex index = AdIndex.Open(file);
            host.ServicesOf(silo).GetRequiredService<SiloShards>().Of(0).Add(new ShardVersion(
                "v1", index, new GatedScorer(new InnerProductScorer(index.Vectors, index.Count, TinyIndex.Dim), gate),
                new GuidedSearchParameters { Layers = [new LayerBudget(100, 20)] }, null, TimeProvider.System));
        }
        var query = new ShardQuery("v1", new float[TinyIndex.Dim], Found) { TimeLeft = Patience };
        int most = Environment.ProcessorCount;

        Task<ShardAnswerMessage>[] searches =
            [.. Enumerable.Range(0, most + More).Select(_ => grain.SearchAsync(ShardWire.ToWire(query, "v1")))];
        await UntilAsync(() => gate.Entered == most && Waiting(host) == More);
        for (int turn = 0; turn < Turns; turn++)
            await grain.StateAsync();
        // One whose deadline comes while it waits.
        TimeoutException late = await Assert.ThrowsAsync<TimeoutException>(
            () => grain.SearchAsync(ShardWire.ToWire(query with { TimeLeft = Look }, "v1")));
        Assert.Contains($"{most} others ran", late.Message, StringComparison.Ordinal);
        Assert.All(searches, search => Assert.False(search.IsCompleted));
        Assert.Equal((most, More), (gate.Entered, Waiting(host)));
        gate.Open();

        Assert.All(await Task.WhenAll(searches).WaitAsync(Patience), answer => Assert.Equal(Found, answer.Ids.Length));
        Assert.Equal([TaskScheduler.Default], gate.Schedulers.Distinct());
        Assert.Equal(0, Waiting(host));
    }

    private static int Waiting(OrleansLoop host) => Enumerable.Range(0, host.Cluster.Silos.Count)
        .Sum(silo => host.ServicesOf(silo).GetRequiredService<SiloShards>().Slots.Waiting);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
            await Task.Delay(Look, patience.Token);
    }

    /// <summary>Holds whoever comes until it is opened, and remembers whose work it was.</summary>
    private sealed class Gate : IDisposable
    {
        private readonly ManualResetEventSlim _open = new();
        private int _entered;

        /// <summary>Scorings that came, of which each search makes one as long as it is shut.</summary>
        public int Entered => Volatile.Read(ref _entered);

        public ConcurrentQueue<TaskScheduler> Schedulers { get; } = new();

        public void Open() => _open.Set();

        public void Pass()
        {
            Schedulers.Enqueue(TaskScheduler.Current);
            Interlocked.Increment(ref _entered);
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
