namespace RecallCluster.AdServer;

/// <summary>What is to be done when, in order of time. Actions may add further ones. One runs it.</summary>
internal sealed class Agenda(IPlayClock clock, int maxInFlight) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<(Func<Task> Action, bool MayOverlap), (DateTimeOffset Due, long Number)> _actions = new();
    private readonly SemaphoreSlim _room = new(maxInFlight);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _number;
    private int _running;
    private Exception? _failure;
    private DateTimeOffset _waitingFor = DateTimeOffset.MaxValue;

    /// <summary>Puts an action on the agenda.</summary>
    /// <param name="due">When.</param>
    /// <param name="action">What.</param>
    /// <param name="mayOverlap">Whether even on a sequential clock the next action may begin before this one is through.</param>
    public void Add(DateTimeOffset due, Func<Task> action, bool mayOverlap)
    {
        lock (_lock)
        {
            _actions.Enqueue((action, mayOverlap), (due, _number++));
            if (due < _waitingFor)
                _changed.TrySetResult();
        }
    }

    /// <summary>Runs until nothing is left to do and nothing runs that could add more.</summary>
    /// <exception cref="InvalidOperationException">An action failed.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Volatile.Read(ref _failure) is { } failure)
                throw new InvalidOperationException($"An action failed: {failure.Message}", failure);
            bool isEmpty = false;
            DateTimeOffset due = DateTimeOffset.MaxValue;
            Task changed;
            lock (_lock)
            {
                if (_actions.TryPeek(out _, out (DateTimeOffset Due, long Number) first))
                    due = first.Due;
                else if (_running == 0)
                    return;
                else
                    isEmpty = true;
                _waitingFor = due;
                if (_changed.Task.IsCompleted)
                    _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                changed = _changed.Task;
            }
            if (isEmpty)
            {
                await changed.WaitAsync(cancellation).ConfigureAwait(false);
                continue;
            }
            Task wait = clock.WaitUntilAsync(due, cancellation);
            if (!wait.IsCompleted && await Task.WhenAny(wait, changed).ConfigureAwait(false) == changed)
                continue;
            await wait.ConfigureAwait(false);
            await StartAsync(cancellation).ConfigureAwait(false);
        }
    }

    public void Dispose() => _room.Dispose();

    private async Task StartAsync(CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation).ConfigureAwait(false);
        Func<Task> action;
        bool mayOverlap;
        lock (_lock)
        {
            (action, mayOverlap) = _actions.Dequeue();
            _running++;
        }
        Task run = RunAsync(action);
        if (clock.IsSequential && !mayOverlap)
            await run.ConfigureAwait(false);
    }

    private async Task RunAsync(Func<Task> action)
    {
        try
        {
            if (!clock.IsSequential)
                await Task.Yield();
            await action().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Told by the one that runs the agenda; actions have nobody who awaits them.
            Interlocked.CompareExchange(ref _failure, e, null);
        }
        finally
        {
            _room.Release();
            lock (_lock)
            {
                _running--;
                if (_actions.Count == 0)
                    _changed.TrySetResult();
            }
        }
    }
}
