using RecallCluster.Numerics;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Replicas;

/// <summary>
/// A shard that several replicas answer for:
/// <code>
///            ┌─ the less busy of two healthy ones, the near one and one drawn at random ─► answer
///  query ────┤        no answer after the p95: a second replica too, the first answer counts, the other call is cancelled
///            │        failed: another replica, as long as there are any and few requests need it
///            └─ now and then, beside that: a replica that failed, to see whether it is back
/// </code>
/// Hedges and retries are bounded to a share of the requests, so that trouble never multiplies the load. With no replica left it fails at
/// once, and the answer of the other shards is partial. A replica's health follows from its answers to real requests: there is no timer.
/// Thread-safe. Sources: Dean &amp; Barroso, "The Tail at Scale" (2013), for hedging; Mitzenmacher, "The power of two choices" (2001).
/// </summary>
public sealed class ReplicatedShard : IShard, IDisposable
{
    private readonly TrackedReplica[] _replicas;
    private readonly ReplicationOptions _options;
    private readonly TimeProvider _time;
    private readonly LatencyWindow _latency;
    private readonly Allowance _hedges;
    private readonly Allowance _retries;
    private readonly Lock _drawing = new();
    private readonly SeededRandom _random;

    /// <summary>A shard over replicas, which it takes over.</summary>
    /// <param name="replicas">The replicas; at least one. All hold the same ads.</param>
    /// <param name="options">How they are treated; null for the defaults.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Source of the draws; used by this shard alone from now on.</param>
    /// <exception cref="ArgumentException">There is no replica, or an option has no meaning.</exception>
    public ReplicatedShard(IReadOnlyList<IReplica> replicas, ReplicationOptions? options, TimeProvider time, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(replicas);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(random);
        if (replicas.Count == 0)
            throw new ArgumentException("A shard needs at least one replica.", nameof(replicas));
        _options = options ?? new ReplicationOptions();
        _options.Validate();
        _time = time;
        _random = random;
        _replicas = [.. replicas.Select(r => new TrackedReplica(r, _options, time))];
        _latency = new LatencyWindow(_options.HedgeQuantile);
        _hedges = new Allowance(_options.HedgeRate, _options.Burst);
        _retries = new Allowance(_options.RetryRate, _options.Burst);
    }

    /// <summary>The replicas as they stand now.</summary>
    public IReadOnlyList<LiveReplica> Live => [.. _replicas.Select(r => new LiveReplica(
        r.Replica.Address,
        r.Health.State.ToString().ToLowerInvariant(),
        r.Replica.Version,
        r.InFlight,
        r.Latency.Value?.TotalMilliseconds ?? double.NaN))];

    /// <inheritdoc/>
    public void Publish(BidBook book)
    {
        foreach (TrackedReplica replica in _replicas)
            replica.Replica.Publish(book);
    }

    /// <inheritdoc/>
    public void Publish(ShardPlacements placements)
    {
        foreach (TrackedReplica replica in _replicas)
            replica.Replica.Publish(placements);
    }

    /// <inheritdoc/>
    public void Publish(ShardAdditions additions)
    {
        foreach (TrackedReplica replica in _replicas)
            replica.Replica.Publish(additions);
    }

    /// <summary>Closes the replicas that can be closed.</summary>
    public void Dispose()
    {
        foreach (TrackedReplica replica in _replicas)
            (replica.Replica as IDisposable)?.Dispose();
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">No replica answers at the moment.</exception>
    public async Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(query);
        _hedges.Earn();
        _retries.Earn();
        long start = _time.GetTimestamp();
        TrackedReplica? trial = Array.Find(_replicas, r => r.Health.TryBeginTrial());
        TrackedReplica? first = Choose([]) ?? trial;
        if (first is null)
        {
            IEnumerable<string> states = _replicas.Select(r => $"{r.Replica.Address} is {r.Health.State}");
            throw new IOException($"No replica answers: {string.Join(", ", states)}.");
        }
        if (trial is not null && trial != first)
            Try(trial, query);

        var calls = new List<ReplicaCall>(2) { new(first, query, _time, cancellation) };
        var asked = new List<TrackedReplica>(2) { first };
        bool mayHedge = true;
        try
        {
            while (true)
            {
                ReplicaCall? ended = await FirstEndedAsync(
                    calls, mayHedge && asked.Count < _replicas.Length, query, start, cancellation).ConfigureAwait(false);
                if (ended is null)
                {
                    // The hedge's moment came; whether it may be spent is asked only now, so that fast answers cost none.
                    if (Choose(asked) is { } second && _hedges.TryTake())
                        Ask(second);
                    else
                        mayHedge = false;
                    continue;
                }
                if (ended.Answer.IsCompletedSuccessfully)
                {
                    _latency.Add(_time.GetElapsedTime(start));
                    foreach (ReplicaCall other in calls)
                    {
                        if (other != ended)
                            other.Lose();
                    }
                    return await ended.Answer.ConfigureAwait(false);
                }
                calls.Remove(ended);
                bool hopeless = cancellation.IsCancellationRequested || ended.Answer.Exception?.InnerException is ArgumentException;
                if (!hopeless && calls.Count > 0)
                    continue;
                if (hopeless || Choose(asked) is not { } next || !_retries.TryTake())
                    return await ended.Answer.ConfigureAwait(false);
                Ask(next);
            }
        }
        finally
        {
            foreach (ReplicaCall call in calls)
                call.Drop();
        }

        void Ask(TrackedReplica replica)
        {
            asked.Add(replica);
            calls.Add(new ReplicaCall(replica, Remaining(query, start), _time, cancellation));
        }
    }

    /// <summary>The first call that ends, or null when it is time to ask a further replica.</summary>
    private async Task<ReplicaCall?> FirstEndedAsync(
        List<ReplicaCall> calls, bool mayHedge, ShardQuery query, long start, CancellationToken cancellation)
    {
        Task ended = calls.Count == 1 ? calls[0].Answer : Task.WhenAny(calls.Select(c => c.Answer));
        if (calls.Count == 1 && mayHedge && !ended.IsCompleted)
        {
            TimeSpan delay = HedgeDelay - _time.GetElapsedTime(start);
            if (query.TimeLeft is null || HedgeDelay < query.TimeLeft)
            {
                using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                Task moment = Task.Delay(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, _time, over.Token);
                Task which = await Task.WhenAny(ended, moment).ConfigureAwait(false);
                End(over);
                if (which == moment && moment.IsCompletedSuccessfully && !ended.IsCompleted)
                    return null;
            }
        }
        // A failure is the caller's to look at.
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return calls.Find(c => c.Answer.IsCompletedSuccessfully) ?? calls.Find(c => c.Answer.IsCompleted);
    }

    // Nobody but the delay listens: a way over the pool, as the asynchronous call takes, would cost every request its time.
    private static void End(CancellationTokenSource delay) => delay.Cancel();

    private TimeSpan HedgeDelay
    {
        get
        {
            TimeSpan delay = _latency.Value ?? _options.FirstHedgeDelay;
            return delay > _options.LeastHedgeDelay ? delay : _options.LeastHedgeDelay;
        }
    }

    /// <summary>
    /// The less busy of two of the healthy replicas that were not asked yet: the near one, which wins where they are equal, and one drawn at
    /// random; both drawn where none is near. Where none is healthy, the least busy of the suspect ones that answered lately, else the one
    /// that answered last: of one that stands still for a moment and one that is gone, the first.
    /// </summary>
    private TrackedReplica? Choose(List<TrackedReplica> asked)
    {
        TrackedReplica[] able = Array.FindAll(_replicas, r => r.Health.State == ReplicaState.Healthy && !asked.Contains(r));
        if (able.Length == 0)
        {
            TrackedReplica[] suspects = Array.FindAll(_replicas, r => r.Health.State == ReplicaState.Suspect && !asked.Contains(r));
            return suspects.Where(r => _time.GetElapsedTime(r.Health.AnsweredAt) < _options.Silence).MinBy(r => r.Load)
                ?? suspects.MaxBy(r => r.Health.AnsweredAt);
        }
        if (able.Length == 1)
            return able[0];
        int one = Array.FindIndex(able, r => r.Replica.IsNear), other;
        lock (_drawing)
        {
            one = one < 0 ? _random.NextInt(able.Length) : one;
            other = _random.NextInt(able.Length - 1);
        }
        other += other >= one ? 1 : 0;
        return able[one].Load <= able[other].Load ? able[one] : able[other];
    }

    /// <summary>Asks a replica beside the request, which does not wait for it: the outcome is only for its health.</summary>
    private void Try(TrackedReplica replica, ShardQuery query)
    {
        TimeSpan limit = query.TimeLeft is { } left && left < _options.TrialLimit ? left : _options.TrialLimit;
        _ = TryAsync();

        async Task TryAsync()
        {
            using var over = new CancellationTokenSource(limit, _time);
            var call = new ReplicaCall(replica, query with { TimeLeft = limit }, _time, over.Token);
            await ((Task)call.Answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private ShardQuery Remaining(ShardQuery query, long start)
    {
        if (query.TimeLeft is not { } left)
            return query;
        TimeSpan rest = left - _time.GetElapsedTime(start);
        return query with { TimeLeft = rest > TimeSpan.Zero ? rest : TimeSpan.FromTicks(1) };
    }
}
