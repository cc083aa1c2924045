using RecallCluster.Numerics;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.Replicas;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Tests;

public class ReplicatedShardTests
{
    private static readonly ShardQuery Query = new("v1", new float[] { 1 }, 3);
    private readonly ManualTime _time = new();

    [Fact]
    public async Task The_load_is_shared_by_calls_under_way()
    {
        var idle = new FakeReplica("idle");
        var busy = new FakeReplica("busy");
        using ReplicatedShard shard = ShardOver(busy, idle);
        // Of two that are equally busy one is drawn; hold every call, so that the counts grow.
        Task<ShardAnswer>[] calls = [.. Enumerable.Range(0, 100).Select(_ => shard.SearchAsync(Query, default))];

        Assert.Equal(50, idle.Waiting);
        Assert.Equal(50, busy.Waiting);
        idle.AnswerAll();
        busy.AnswerAll();
        await Task.WhenAll(calls);
        Assert.All(shard.Live, r => Assert.Equal((0, "healthy"), (r.InFlight, r.State)));
    }

    [Fact]
    public async Task The_near_one_is_asked_unless_it_is_busier()
    {
        FakeReplica far = new("far"), near = new("near") { IsNear = true }, farther = new("farther");
        using ReplicatedShard shard = ShardOver(far, near, farther);
        for (int i = 0; i < 20; i++)
        {
            Task<ShardAnswer> search = shard.SearchAsync(Query, default);
            near.AnswerAll();
            await search;
        }

        Assert.Equal((20, 0, 0), (near.Calls, far.Calls, farther.Calls));

        Task<ShardAnswer>[] calls = [.. Enumerable.Range(0, 90).Select(_ => shard.SearchAsync(Query, default))];
        Assert.True(near.Waiting < 60, $"{near.Waiting} of 90 wait at the near one.");
        Assert.True(far.Waiting > 0 && farther.Waiting > 0);
        foreach (FakeReplica replica in (FakeReplica[])[far, near, farther])
            replica.AnswerAll();
        await Task.WhenAll(calls);
    }

    [Fact]
    public async Task A_slow_answer_is_asked_of_the_other_replica_too_and_the_slow_call_is_cancelled()
    {
        var one = new FakeReplica("one");
        var other = new FakeReplica("other");
        using ReplicatedShard shard = ShardOver(one, other);

        Task<ShardAnswer> search = shard.SearchAsync(Query, default);
        (FakeReplica slow, FakeReplica fast) = one.Waiting == 1 ? (one, other) : (other, one);
        Assert.Equal(0, fast.Waiting);
        await AdvanceAsync(TimeSpan.FromMilliseconds(20));
        await fast.CalledAsync(1);
        fast.AnswerAll();

        Assert.Equal(fast.Address, Assert.Single((await search).Ads).Id);
        await slow.CancelledAsync(1);
    }

    [Fact]
    public async Task The_second_replica_is_asked_after_the_observed_quantile()
    {
        var one = new FakeReplica("one");
        var other = new FakeReplica("other");
        using ReplicatedShard shard = ShardOver(one, other);
        for (int i = 0; i < 64; i++)
        {
            Task<ShardAnswer> answered = shard.SearchAsync(Query, default);
            _time.Advance(TimeSpan.FromMilliseconds(5));
            one.AnswerAll();
            other.AnswerAll();
            await answered;
        }
        int calls = one.Calls + other.Calls;

        Task<ShardAnswer> search = shard.SearchAsync(Query, default);
        await AdvanceAsync(TimeSpan.FromMilliseconds(4));
        Assert.Equal(calls + 1, one.Calls + other.Calls);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await one.CalledAsync(1, waiting: true);
        await other.CalledAsync(1, waiting: true);
        one.AnswerAll();
        await search;

        Assert.Equal(calls + 2, one.Calls + other.Calls);
    }

    [Fact]
    public async Task Hedges_are_a_bounded_share_of_the_requests()
    {
        var one = new FakeReplica("one");
        var other = new FakeReplica("other");
        const int Requests = 100, Burst = 5;
        using ReplicatedShard shard = ShardOver(new ReplicationOptions { HedgeRate = 0.1, Burst = Burst }, one, other);
        for (int i = 0; i < Requests; i++)
        {
            Task<ShardAnswer> search = shard.SearchAsync(Query, default);
            _time.Advance(TimeSpan.FromMilliseconds(20));
            if (i < Burst)
            {
                // As long as there is allowance for certain, the hedge comes.
                await one.CalledAsync(i + 1);
                await other.CalledAsync(i + 1);
            }
            // The call that came first answers, so nobody is blamed.
            one.AnswerFirst();
            other.AnswerFirst();
            await search;
            one.AnswerAll();
            other.AnswerAll();
        }

        Assert.InRange(one.Calls + other.Calls - Requests, Burst, Burst + (Requests / 10));
    }

    [Fact]
    public async Task A_failure_is_asked_of_another_replica_and_the_failed_one_is_left_alone_for_a_while()
    {
        var broken = new FakeReplica("broken") { Failure = new IOException("gone") };
        var whole = new FakeReplica("whole") { Answers = true };
        using ReplicatedShard shard = ShardOver(broken, whole);
        for (int i = 0; i < 20; i++)
            Assert.Equal("whole", Assert.Single((await shard.SearchAsync(Query, default)).Ads).Id);

        Assert.Equal(1, broken.Calls);
        Assert.Equal("suspect", shard.Live[0].State);
    }

    [Fact]
    public async Task A_failure_is_asked_of_another_replica_also_where_no_hedge_was_left()
    {
        var one = new FakeReplica("one");
        var other = new FakeReplica("other");
        using ReplicatedShard shard = ShardOver(new ReplicationOptions { HedgeRate = 0, Burst = 1 }, one, other);
        Task<ShardAnswer> hedged = shard.SearchAsync(Query, default);
        await AdvanceAsync(TimeSpan.FromMilliseconds(20));
        await one.CalledAsync(1);
        await other.CalledAsync(1);
        one.AnswerAll();
        other.AnswerAll();
        await hedged;

        Task<ShardAnswer> search = shard.SearchAsync(Query, default);
        (FakeReplica slow, FakeReplica whole) = one.Waiting == 1 ? (one, other) : (other, one);
        await AdvanceAsync(TimeSpan.FromMilliseconds(20));
        // The moment of the hedge passes without one; nothing tells of that, so everybody gets many turns.
        for (int turn = 0; turn < 1_000; turn++)
            await Task.Yield();
        whole.Answers = true;
        slow.FailAll(new IOException("gone"));

        Assert.Equal(whole.Address, Assert.Single((await search).Ads).Id);
    }

    [Fact]
    public async Task A_replica_that_failed_is_tried_beside_a_request_and_comes_back_slowly()
    {
        var lost = new FakeReplica("lost") { Failure = new IOException("gone") };
        var whole = new FakeReplica("whole") { Answers = true };
        using ReplicatedShard shard = ShardOver(lost, whole);
        await UntilAsync(() => shard.Live[0].State == "suspect", () => shard.SearchAsync(Query, default));
        int failed = lost.Calls;
        _time.Advance(TimeSpan.FromMilliseconds(200));
        await shard.SearchAsync(Query, default);
        Assert.Equal(failed + 1, lost.Calls);
        // The pause has doubled.
        _time.Advance(TimeSpan.FromMilliseconds(300));
        await shard.SearchAsync(Query, default);
        Assert.Equal(failed + 1, lost.Calls);

        lost.Failure = null;
        lost.Answers = true;
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await shard.SearchAsync(Query, default);
        Assert.Equal("healthy", shard.Live[0].State);
        // Ten times its weight short of full, it is chosen by none as long as the other is idle.
        int calls = lost.Calls;
        await shard.SearchAsync(Query, default);
        Assert.Equal(calls, lost.Calls);
        _time.Advance(TimeSpan.FromSeconds(5));
        await UntilAsync(() => lost.Calls > calls, () => shard.SearchAsync(Query, default));
    }

    [Fact]
    public async Task With_every_replica_down_it_fails_at_once_and_does_not_storm_them()
    {
        var one = new FakeReplica("one") { Failure = new IOException("gone") };
        var other = new FakeReplica("other") { Failure = new IOException("gone") };
        using ReplicatedShard shard = ShardOver(one, other);
        await UntilAsync(() => shard.Live.All(r => r.State == "down"), async () =>
        {
            await Assert.ThrowsAsync<IOException>(() => shard.SearchAsync(Query, default));
            _time.Advance(TimeSpan.FromMilliseconds(10));
        });
        int calls = one.Calls + other.Calls;
        for (int i = 0; i < 100; i++)
        {
            IOException error = await Assert.ThrowsAsync<IOException>(() => shard.SearchAsync(Query, default));
            Assert.Contains("one is Down", error.Message);
        }

        Assert.Equal(calls, one.Calls + other.Calls);
    }

    [Fact]
    public async Task A_replica_that_stands_still_for_a_moment_is_asked_on_when_the_other_is_gone()
    {
        var gone = new FakeReplica("gone") { Failure = new IOException("gone") };
        var still = new FakeReplica("still") { Answers = true };
        using ReplicatedShard shard = ShardOver(gone, still);
        await UntilAsync(() => shard.Live[0].State == "down", async () =>
        {
            await shard.SearchAsync(Query, default);
            _time.Advance(TimeSpan.FromMilliseconds(100));
        });

        // All that are asked of it at once fail together, more than enough to call it down.
        still.Answers = false;
        Task<ShardAnswer>[] together = [.. Enumerable.Range(0, 5).Select(_ => shard.SearchAsync(Query, default))];
        still.FailAll(new IOException("late"));
        foreach (Task<ShardAnswer> failed in together)
            await Assert.ThrowsAsync<IOException>(() => failed);
        Assert.Equal("suspect", shard.Live[1].State);

        still.Answers = true;
        Assert.Equal("still", Assert.Single((await shard.SearchAsync(Query, default)).Ads).Id);
    }

    [Fact]
    public async Task Where_none_is_healthy_those_that_answered_lately_share_the_load()
    {
        var one = new FakeReplica("one");
        var other = new FakeReplica("other");
        using ReplicatedShard shard = ShardOver(one, other);
        await SuspectAsync(shard, one, other);

        Task<ShardAnswer>[] calls = [.. Enumerable.Range(0, 10).Select(_ => shard.SearchAsync(Query, default))];

        Assert.Equal((5, 5), (one.Waiting, other.Waiting));
        one.AnswerAll();
        other.AnswerAll();
        await Task.WhenAll(calls);
    }

    [Fact]
    public async Task Where_none_is_healthy_one_that_has_not_answered_for_long_is_not_asked_however_idle_it_is()
    {
        var quiet = new FakeReplica("quiet") { Failure = new IOException("gone") };
        var still = new FakeReplica("still") { Answers = true };
        using ReplicatedShard shard = ShardOver(quiet, still);
        _time.Advance(TimeSpan.FromSeconds(3));
        await UntilAsync(() => shard.Live[0].State == "suspect", () => shard.SearchAsync(Query, default));
        await SuspectAsync(shard, still);
        int asked = quiet.Calls;

        still.Answers = false;
        Task<ShardAnswer>[] calls = [.. Enumerable.Range(0, 10).Select(_ => shard.SearchAsync(Query, default))];

        Assert.Equal("suspect", shard.Live[0].State);
        Assert.Equal((asked, 10), (quiet.Calls, still.Waiting));
        still.AnswerAll();
        await Task.WhenAll(calls);
    }

    [Fact]
    public async Task A_replica_that_is_late_again_and_again_is_suspected()
    {
        var frozen = new FakeReplica("frozen");
        var whole = new FakeReplica("whole") { Answers = true };
        using ReplicatedShard shard = ShardOver(frozen, whole);

        await UntilAsync(() => shard.Live[0].State == "suspect", async () =>
        {
            int before = frozen.Calls;
            Task<ShardAnswer> search = shard.SearchAsync(Query, default);
            if (frozen.Calls > before)
            {
                _time.Advance(TimeSpan.FromMilliseconds(50));
                await frozen.CancelledAsync(frozen.Calls);
            }
            Assert.Equal("whole", Assert.Single((await search).Ads).Id);
        });

        Assert.Equal(3, frozen.Calls);
    }

    [Fact]
    public async Task A_query_that_makes_no_sense_blames_nobody()
    {
        var one = new FakeReplica("one") { Failure = new ArgumentException("K is 0") };
        var other = new FakeReplica("other") { Failure = new ArgumentException("K is 0") };
        using ReplicatedShard shard = ShardOver(one, other);

        await Assert.ThrowsAsync<ArgumentException>(() => shard.SearchAsync(Query, default));

        Assert.Equal(1, one.Calls + other.Calls);
        Assert.All(shard.Live, r => Assert.Equal("healthy", r.State));
    }

    [Fact]
    public async Task A_caller_that_waited_in_vain_counts_and_one_that_left_early_does_not()
    {
        var only = new FakeReplica("only");
        using ReplicatedShard shard = ShardOver(only);
        ShardQuery query = Query with { TimeLeft = TimeSpan.FromMilliseconds(100) };
        await GiveUpAfterAsync(TimeSpan.FromMilliseconds(10));
        Assert.Equal("healthy", shard.Live[0].State);
        await GiveUpAfterAsync(TimeSpan.FromMilliseconds(100));
        Assert.Equal("suspect", shard.Live[0].State);

        async Task GiveUpAfterAsync(TimeSpan time)
        {
            using var cancellation = new CancellationTokenSource();
            Task<ShardAnswer> search = shard.SearchAsync(query, cancellation.Token);
            _time.Advance(time);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => search);
        }
    }

    [Fact]
    public void Books_and_placements_reach_every_replica()
    {
        var one = new FakeReplica("one");
        var other = new FakeReplica("other");
        using ReplicatedShard shard = ShardOver(one, other);
        var placements = new ShardPlacements("v1", 1, new int[3], new int[3]);

        shard.Publish(placements);

        Assert.Same(placements, one.Placements);
        Assert.Same(placements, other.Placements);
    }

    /// <summary>Has replicas fail until they are suspected.</summary>
    private static async Task SuspectAsync(ReplicatedShard shard, params FakeReplica[] replicas)
    {
        Array.ForEach(replicas, replica => replica.Failure = new IOException("gone"));
        await UntilAsync(
            () => shard.Live.All(r => r.State == "suspect"),
            () => Assert.ThrowsAsync<IOException>(() => shard.SearchAsync(Query, default)));
        Array.ForEach(replicas, replica => replica.Failure = null);
    }

    private static async Task UntilAsync(Func<bool> reached, Func<Task> step)
    {
        for (int steps = 0; !reached(); steps++)
        {
            Assert.True(steps < 1_000, "It never came to that.");
            await step();
        }
    }

    /// <summary>Moves the clock once somebody waits for it.</summary>
    private async Task AdvanceAsync(TimeSpan by)
    {
        while (_time.Waiting == 0)
            await Task.Yield();
        _time.Advance(by);
    }

    private ReplicatedShard ShardOver(params FakeReplica[] replicas) => ShardOver(new ReplicationOptions(), replicas);

    private ReplicatedShard ShardOver(ReplicationOptions options, params FakeReplica[] replicas) =>
        new(replicas, options, _time, new SeededRandom(3));

    /// <summary>Answers when it is told to, or at once, or fails.</summary>
    private sealed class FakeReplica(string address) : IReplica
    {
        private readonly Lock _lock = new();
        private readonly List<TaskCompletionSource<ShardAnswer>> _waiting = [];
        private int _calls;
        private int _cancelled;

        public string Address => address;

        public string Version => "v1";

        public bool IsNear { get; init; }

        public Exception? Failure { get; set; }

        public bool Answers { get; set; }

        public int Calls => Volatile.Read(ref _calls);

        public ShardPlacements? Placements { get; private set; }

        public int Waiting
        {
            get
            {
                lock (_lock)
                    return _waiting.Count(w => !w.Task.IsCompleted);
            }
        }

        public Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _calls);
            if (Failure is not null)
                return Task.FromException<ShardAnswer>(Failure);
            if (Answers)
                return Task.FromResult(Answer);
            var given = new TaskCompletionSource<ShardAnswer>();
            cancellation.Register(() =>
            {
                if (given.TrySetCanceled(cancellation))
                    Interlocked.Increment(ref _cancelled);
            });
            lock (_lock)
                _waiting.Add(given);
            return given.Task;
        }

        public void AnswerAll() => Complete(int.MaxValue);

        public void AnswerFirst() => Complete(1);

        public void FailAll(Exception failure)
        {
            TaskCompletionSource<ShardAnswer>[] open;
            lock (_lock)
                open = [.. _waiting.Where(w => !w.Task.IsCompleted)];
            foreach (TaskCompletionSource<ShardAnswer> given in open)
                given.TrySetException(failure);
        }

        public async Task CalledAsync(int calls, bool waiting = false)
        {
            while ((waiting ? Waiting : Calls) < calls)
                await Task.Yield();
        }

        public async Task CancelledAsync(int calls)
        {
            while (Volatile.Read(ref _cancelled) < calls)
                await Task.Yield();
        }

        public void Publish(BidBook book) => throw new NotSupportedException();

        public void Publish(ShardPlacements placements) => Placements = placements;

        public void Publish(ShardAdditions additions) => Additions = additions;

        public ShardAdditions? Additions { get; private set; }

        private ShardAnswer Answer => new([new ScoredAd(address, 1)], 1, SearchLimits.None);

        private void Complete(int most)
        {
            TaskCompletionSource<ShardAnswer>[] open;
            lock (_lock)
                open = [.. _waiting.Where(w => !w.Task.IsCompleted).Take(most)];
            foreach (TaskCompletionSource<ShardAnswer> given in open)
                given.TrySetResult(Answer);
        }
    }
}
