namespace RecallCluster.Grains.Market;

/// <summary>How far this silo has read what a grain publishes, and who waits for it to read further. Thread-safe.</summary>
internal sealed class ReadPlace
{
    private readonly Lock _lock = new();
    private readonly List<(Guid Life, long Place, TaskCompletionSource Done)> _waiting = [];
    private (Guid Life, long Place) _current;

    /// <summary>The grain's life and the place in it; the default before anything was read.</summary>
    public (Guid Life, long Place) Current
    {
        get
        {
            lock (_lock)
                return _current;
        }
    }

    /// <summary>It has been read so far.</summary>
    public void Reach(Guid life, long place)
    {
        lock (_lock)
        {
            _current = (life, place);
            foreach ((Guid of, long wanted, TaskCompletionSource done) in _waiting)
            {
                // What was asked for of an earlier life is in what a later one began with.
                if (of != life || wanted <= place)
                    done.TrySetResult();
            }
            _waiting.RemoveAll(waiting => waiting.Done.Task.IsCompleted);
        }
    }

    /// <summary>Completes when a place, or a later one, has been read.</summary>
    public Task WaitForAsync(Guid life, long place, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return _current.Life == life && _current.Place >= place
                ? Task.CompletedTask : Enlist(life, place).WaitAsync(cancellation);
        }
    }

    /// <summary>Completes when more has been read than by <paramref name="seen"/>, a value of <see cref="Current"/>.</summary>
    public Task WaitPastAsync((Guid Life, long Place) seen, CancellationToken cancellation)
    {
        lock (_lock)
            return _current != seen ? Task.CompletedTask : Enlist(seen.Life, seen.Place + 1).WaitAsync(cancellation);
    }

    private Task Enlist(Guid life, long place)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((life, place, done));
        return done.Task;
    }
}
