using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Tests;

/// <summary>A shard that answers what a test wants and remembers what it was asked.</summary>
internal sealed class FakeShard(Func<ShardQuery, CancellationToken, Task<ShardAnswer>> answer) : IShard
{
    private int _calls;

    public ShardQuery? Asked { get; private set; }

    public int Calls => _calls;

    public static FakeShard Answering(params (string Id, float Score)[] ads) =>
        new((query, _) => Task.FromResult(
            new ShardAnswer([.. ads.Select(a => new ScoredAd(a.Id, a.Score)).Take(query.K)], ads.Length, SearchLimits.None)));

    public static FakeShard Failing(string reason) => new((_, _) => Task.FromException<ShardAnswer>(new IOException(reason)));

    /// <summary>Answers only when it is told that nobody waits any more.</summary>
    public static FakeShard Late(Action? onCancelled = null) => new(async (_, cancellation) =>
    {
        var given = new TaskCompletionSource<ShardAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        using (cancellation.Register(() =>
        {
            onCancelled?.Invoke();
            given.TrySetCanceled(cancellation);
        }))
            return await given.Task;
    });

    public Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation)
    {
        Asked = query;
        Interlocked.Increment(ref _calls);
        return answer(query, cancellation);
    }

    public BidBook? Book { get; private set; }

    public ShardPlacements? Placements { get; private set; }

    public void Publish(BidBook book) => Book = book;

    public void Publish(ShardPlacements placements) => Placements = placements;

    public void Publish(ShardAdditions additions) => throw new NotSupportedException();
}

/// <summary>A user state of three floats.</summary>
internal sealed class FakePreparer : IUserStatePreparer
{
    public int Calls { get; private set; }

    public PreparedUser Prepare(UserFeatures user)
    {
        Calls++;
        var reading = new UserReading(user.Id is not null, user.Sequence?.Count ?? 0, 0, 0);
        return new PreparedUser(new float[] { 1, 2, 3 }, [.. user.Sequence ?? []], reading);
    }
}

/// <summary>A clock that a test moves by hand; its timers fire when it passes them.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];
    private long _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _now);

    /// <summary>Number of timers that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
                return _timers.Count;
        }
    }

    public void Advance(TimeSpan by)
    {
        long now = Interlocked.Add(ref _now, by.Ticks);
        Timer[] due;
        lock (_lock)
        {
            due = [.. _timers.Where(t => t.Due <= now)];
            _timers.RemoveAll(t => t.Due <= now);
        }
        foreach (Timer timer in due)
            timer.Fire();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(ManualTime owner, TimerCallback callback, object? state) : ITimer
    {
        public long Due { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._lock)
            {
                owner._timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                Due = owner.GetTimestamp() + dueTime.Ticks;
                owner._timers.Add(this);
            }
            return true;
        }

        public void Dispose()
        {
            lock (owner._lock)
                owner._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
