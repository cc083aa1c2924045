using System.Collections.Concurrent;
using System.Diagnostics;
using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Batching;
using RecallCluster.TorchScoring.Devices;

namespace RecallCluster.TorchScoring.Tests;

/// <summary>How jobs of callers become batches of workers, without a device.</summary>
public sealed class BatchingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_full_queue_makes_its_callers_wait_and_keeps_their_order()
    {
        var queue = new BatchQueue<TestJob>(2);
        queue.Put(new TestJob(0));
        queue.Put(new TestJob(1));
        Task<bool> third = Task.Factory.StartNew(() => queue.Put(new TestJob(2)), TaskCreationOptions.LongRunning);
        // It is in only once there is room; until then nobody can see whether it waits or has not begun.
        var batch = new List<TestJob>();
        Assert.True(queue.Take(batch, (_, _) => false, TimeSpan.Zero));
        Assert.Equal([0], batch.Select(job => job.Number));
        Assert.True(await third.WaitAsync(Patience));
        Assert.True(queue.Take(batch, (_, _) => true, TimeSpan.Zero));
        Assert.Equal([1, 2], batch.Select(job => job.Number));
    }

    [Fact]
    public void A_caller_waits_for_room_no_longer_than_it_has_time()
    {
        var queue = new BatchQueue<TestJob>(1);
        queue.Put(new TestJob(0));
        Assert.False(queue.Put(new TestJob(1) { Deadline = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 50) }));
        var batch = new List<TestJob>();
        Assert.True(queue.Take(batch, (_, _) => true, TimeSpan.Zero));
        Assert.Equal([0], batch.Select(job => job.Number));
    }

    [Fact]
    public void A_caller_whose_time_is_over_is_let_go_and_no_worker_computes_for_it()
    {
        var queue = new BatchQueue<TestJob>(4);
        var late = new TestJob(0) { Deadline = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 50) };
        queue.Put(late);
        queue.Put(new TestJob(1));
        Assert.False(late.Wait());
        var batch = new List<TestJob>();
        Assert.True(queue.Take(batch, (_, _) => true, TimeSpan.Zero));
        Assert.Equal([1], batch.Select(job => job.Number));
    }

    [Fact]
    public async Task A_job_that_was_begun_is_waited_for_however_late_it_is()
    {
        var job = new TestJob(0) { Deadline = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 50) };
        Assert.True(job.TryBegin());
        Task<bool> waited = Task.Factory.StartNew(
            job.Wait, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        while (Stopwatch.GetTimestamp() < job.Deadline + (Stopwatch.Frequency / 20))
            await Task.Delay(10);
        Assert.False(waited.IsCompleted);
        job.Complete();
        Assert.True(await waited);
    }

    [Fact]
    public void A_queue_that_is_closed_gives_out_what_it_has_and_takes_no_more()
    {
        var queue = new BatchQueue<TestJob>(4);
        queue.Put(new TestJob(0));
        queue.Close();
        var batch = new List<TestJob>();
        Assert.Throws<ObjectDisposedException>(() => queue.Put(new TestJob(1)));
        Assert.True(queue.Take(batch, (_, _) => true, TimeSpan.Zero));
        Assert.False(queue.Take(batch, (_, _) => true, TimeSpan.Zero));
    }

    [Fact]
    public async Task One_that_cannot_be_computed_fails_none_of_those_with_it()
    {
        using var worker = new TestWorker();
        using var warmUp = new WarmUp(1);
        using var workers = new Workers<TestJob>(
            "Testing", new DeviceBatches { Workers = 1, WaitMilliseconds = 0 }, new DeviceHealth(), () => worker, warmUp);
        warmUp.Run();
        // The first is held until the others wait behind it, so that they become one batch.
        Task<bool>[] all = [.. Enumerable.Range(0, 5).Select(number => Ask(workers, number, worker))];
        worker.Go.Release();

        for (int number = 0; number < all.Length; number++)
        {
            if (number == TestWorker.Bad)
                await Assert.ThrowsAsync<ArithmeticException>(() => all[number].WaitAsync(Patience));
            else
                Assert.True(await all[number].WaitAsync(Patience));
        }
        Assert.Equal([[0], [1, 2, 3, 4], [1], [2], [3], [4]], worker.Batches.ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void All_workers_hold_the_memory_of_a_shape_at_once(int rounds)
    {
        const int Workers = 3, Shapes = 4;
        using var warmUp = new WarmUp(rounds);
        warmUp.Expect(Workers);
        int begun = 0;
        var seen = new ConcurrentBag<int>();
        Thread[] threads =
        [
            .. Enumerable.Range(0, Workers).Select(_ => new Thread(() => warmUp.TakePart(hold =>
            {
                for (int shape = 0; shape < Shapes; shape++)
                {
                    int mine = Interlocked.Increment(ref begun);
                    hold();
                    // Nobody is past the shape before all are in it.
                    seen.Add(Volatile.Read(ref begun) / Workers - ((mine - 1) / Workers));
                }
            }))),
        ];
        Array.ForEach(threads, thread => thread.Start());
        warmUp.Run();
        Assert.Equal(Workers * Shapes * rounds, begun);
        Assert.Equal(begun, seen.Count);
        Assert.All(seen, passed => Assert.True(passed >= 1, "A worker went on before all had the shape."));
    }

    [Fact]
    public void A_worker_that_fails_to_warm_up_is_told_of_and_holds_nobody_up()
    {
        using var warmUp = new WarmUp(2);
        warmUp.Expect(2);
        int shapes = 0;
        new Thread(() => warmUp.TakePart(_ => throw new ArithmeticException("no"))).Start();
        new Thread(() => warmUp.TakePart(hold =>
        {
            hold();
            shapes++;
        })).Start();
        Assert.Throws<ArithmeticException>(warmUp.Run);
        Assert.Equal(2, shapes);
    }

    [Fact]
    public void Workers_of_a_shard_that_never_opens_end()
    {
        using var worker = new TestWorker();
        var warmUp = new WarmUp(1);
        using var workers = new Workers<TestJob>("Testing", new DeviceBatches { Workers = 1 }, new DeviceHealth(), () => worker, warmUp);
        warmUp.Dispose();
        workers.Dispose();
        Assert.True(worker.IsDisposed);
    }

    [Fact]
    public void Parts_are_closed_unless_all_were_made()
    {
        var closed = new List<int>();
        using (var parts = new Parts())
        {
            parts.Add(new Closing(() => closed.Add(1)));
            parts.Add(new Closing(() => closed.Add(2)));
        }
        Assert.Equal([2, 1], closed);
        using (var kept = new Parts())
        {
            kept.Add(new Closing(() => closed.Add(3)));
            kept.Keep();
        }
        Assert.Equal([2, 1], closed);
    }

    private static Task<bool> Ask(Workers<TestJob> workers, int number, TestWorker worker)
    {
        var job = new TestJob(number);
        Task<bool> asked = Task.Factory.StartNew(() => workers.Do(job), TaskCreationOptions.LongRunning);
        // The first is begun, the others are in the queue.
        Assert.True(SpinWait.SpinUntil(() => number == 0 ? !worker.Batches.IsEmpty : job.IsWaitedFor, Patience));
        return asked;
    }

    private sealed class TestJob(int number) : Job
    {
        public int Number => number;
    }

    private sealed class TestWorker : IBatchWorker<TestJob>
    {
        public const int Bad = 3;

        public SemaphoreSlim Go { get; } = new(0);

        public ConcurrentQueue<int[]> Batches { get; } = new();

        public bool IsDisposed { get; private set; }

        public bool Fits(List<TestJob> batch, TestJob job) => true;

        public void Compute(List<TestJob> batch)
        {
            Batches.Enqueue([.. batch.Select(job => job.Number)]);
            if (batch[0].Number == 0)
                Go.Wait();
            if (batch.Exists(job => job.Number == Bad))
                throw new ArithmeticException($"{Bad} cannot be computed");
        }

        public void WarmUp(Action hold) => hold();

        public void Dispose() => IsDisposed = true;
    }

    private sealed class Closing(Action close) : IDisposable
    {
        public void Dispose() => close();
    }
}
