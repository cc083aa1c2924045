namespace RecallCluster.Grains.Market;

/// <summary>How far this silo has read what a grain publishes, and who waits for it to read further. Thread-safe.</summary>
internal sealed class ReadPlace
{
    /// <summary>A silo reads on within seconds; more lives than these do not end meanwhile.</summary>
    private const int LivesRemembered = 16;

    private readonly Lock _lock = new();
    private readonly Queue<Guid> _past = [];
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
            // What was asked for of an earlier life is in what a later one began with. An answer that is of no new life says nothing of
            // others: one may have begun that this silo has not heard of, and its edits are waited for.
            bool isNewLife = life != _current.Life;
            if (isNewLife)
                Leave(_current.Life);
            _current = (life, place);
            foreach ((Guid of, long wanted, TaskCompletionSource done) in _waiting)
            {
                if (of == life ? wanted <= place : isNewLife)
                    done.TrySetResult();
            }
            _waiting.RemoveAll(waiting => waiting.Done.Task.IsCompleted);
        }
    }

    /// <summary>Completes when a place, or a later one, or a later life, has been read.</summary>
    public Task WaitForAsync(Guid life, long place, CancellationToken cancellation)
    {
        lock (_lock)
        {
            bool isRead = _current.Life == life ? _current.Place >= place : _past.Contains(life);
            return isRead ? Task.CompletedTask : Enlist(life, place).WaitAsync(cancellation);
        }
    }

    /// <summary>Completes when more has been read than by <paramref name="seen"/>, a value of <see cref="Current"/>.</summary>
    public Task WaitPastAsync((Guid Life, long Place) seen, CancellationToken cancellation)
    {
        lock (_lock)
            return _current != seen ? Task.CompletedTask : Enlist(seen.Life, seen.Place + 1).WaitAsync(cancellation);
    }

    private void Leave(Guid life)
    {
        _past.Enqueue(life);
        if (_past.Count > LivesRemembered)
            _past.Dequeue();
    }

    private Task Enlist(Guid life, long place)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((life, place, done));
        return done.Task;
    }
}
