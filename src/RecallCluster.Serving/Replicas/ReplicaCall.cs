namespace RecallCluster.Serving.Replicas;

/// <summary>A replica with what is known of it.</summary>
internal sealed class TrackedReplica(IReplica replica, ReplicationOptions options, TimeProvider time)
{
    private int _inFlight;

    public IReplica Replica => replica;

    public ReplicaHealth Health { get; } = new(options, time);

    public LatencyWindow Latency { get; } = new(options.HedgeQuantile);

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>How busy it is, for its part of the requests.</summary>
    public double Load => (InFlight + 1) / Health.Weight;

    public void Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave() => Interlocked.Decrement(ref _inFlight);
}

/// <summary>One call of one replica, which ends by an answer, by a failure or because it is no longer wanted; the replica's health follows.</summary>
internal sealed class ReplicaCall
{
    private readonly CancellationTokenSource _unwanted;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly TimeSpan? _limit;
    private volatile bool _lost;

    public ReplicaCall(TrackedReplica replica, ShardQuery query, TimeProvider time, CancellationToken caller)
    {
        Replica = replica;
        _time = time;
        _limit = query.TimeLeft;
        _unwanted = CancellationTokenSource.CreateLinkedTokenSource(caller);
        _start = time.GetTimestamp();
        replica.Enter();
        Answer = RunAsync(query, caller);
        // A call that lost may fail when nobody looks any more.
        _ = Answer.ContinueWith(
            static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    public TrackedReplica Replica { get; }

    /// <summary>The answer.</summary>
    public Task<ShardAnswer> Answer { get; }

    /// <summary>Another replica was faster.</summary>
    public void Lose()
    {
        _lost = true;
        Drop();
    }

    /// <summary>Nobody waits for the answer any more.</summary>
    public void Drop()
    {
        if (Answer.IsCompleted)
            return;
        try
        {
            _unwanted.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended a moment ago.
            return;
        }
    }

    private async Task<ShardAnswer> RunAsync(ShardQuery query, CancellationToken caller)
    {
        try
        {
            ShardAnswer answer = await Replica.Replica.SearchAsync(query, _unwanted.Token).ConfigureAwait(false);
            // An answer that came after all says that the replica lives, but its time would teach patience with it.
            if (_lost)
            {
                Replica.Health.Unknown();
            }
            else
            {
                Replica.Health.Answered();
                Replica.Latency.Add(_time.GetElapsedTime(_start));
            }
            return answer;
        }
        catch (OperationCanceledException) when (_lost)
        {
            Replica.Health.WasLate();
            throw;
        }
        catch (OperationCanceledException) when (caller.IsCancellationRequested)
        {
            // A caller that waited for most of the time there was did so in vain; one that left early says nothing.
            if (_limit is { } limit && _time.GetElapsedTime(_start) > limit * 0.8)
                Replica.Health.Failed();
            else
                Replica.Health.Unknown();
            throw;
        }
        catch (ArgumentException)
        {
            // The query makes no sense, to whichever replica.
            Replica.Health.Unknown();
            throw;
        }
        catch (Exception)
        {
            Replica.Health.Failed();
            throw;
        }
        finally
        {
            Replica.Leave();
            _unwanted.Dispose();
        }
    }
}
