using RecallCluster.Grains.Machines;

namespace RecallCluster.Grains.Campaigns;

/// <summary>
/// Publishes what has changed, one publication at a time, for as long as it takes; changes that come meanwhile go with the next one. Used
/// by one thread at a time, as the turns of a grain are.
/// </summary>
internal sealed class Publisher(Func<Task> publish, MachineHostOptions options, TimeProvider time)
{
    private readonly List<TaskCompletionSource> _waiting = [];
    private Task _running = Task.CompletedTask;
    private bool _again, _stopped;

    /// <summary>Something has changed.</summary>
    public void Schedule()
    {
        _again = true;
        if (_running.IsCompleted && !_stopped)
            _running = RunAsync();
    }

    /// <summary>Publishes what there is now.</summary>
    /// <returns>
    /// Completes when it is published, or nothing will be, or after <see cref="MachineHostOptions.FollowersWait"/>: then it is published
    /// later.
    /// </returns>
    public async Task PublishAsync()
    {
        if (_stopped)
            return;
        var published = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add(published);
        Schedule();
        await Task.WhenAny(published.Task, Task.Delay(options.FollowersWait, time)).ConfigureAwait(true);
    }

    /// <summary>Publishes nothing any more.</summary>
    public void Stop() => _stopped = true;

    private async Task RunAsync()
    {
        // What changes in the same turn goes along.
        await Task.Yield();
        int failures = 0;
        while (_again && !_stopped)
        {
            _again = false;
            // Whoever comes from now on may have changed what this publication does not hold.
            TaskCompletionSource[] waiting = [.. _waiting];
            try
            {
                await publish().ConfigureAwait(true);
                failures = 0;
            }
            // Nobody's command fails because the book cannot be reached.
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Telemetry.AskFailed(e);
                _again = true;
                await Task.Delay(options.Pause * Math.Min(1 << Math.Min(failures++, 6), 50), time).ConfigureAwait(true);
                continue;
            }
            Tell(waiting);
        }
        Tell([.. _waiting]);
    }

    private void Tell(TaskCompletionSource[] waiting)
    {
        foreach (TaskCompletionSource one in waiting)
            one.TrySetResult();
        _waiting.RemoveAll(one => one.Task.IsCompleted);
    }
}
