namespace RecallCluster.Grains.Market;

/// <summary>
/// Lets readers of a grain wait until it has something new for them. Used by one thread at a time, as the turns of a grain are.
/// </summary>
/// <param name="time">The clock that the wait is bounded by.</param>
internal sealed class News(TimeProvider time)
{
    // Much shorter than a call may take: a reader that hears nothing asks again.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>There is something new.</summary>
    public void Tell()
    {
        TaskCompletionSource told = _next;
        _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        told.TrySetResult();
    }

    /// <summary>Waits until there is, at most some seconds.</summary>
    public Task WaitAsync() => Task.WhenAny(_next.Task, Task.Delay(LongestWait, time));
}
