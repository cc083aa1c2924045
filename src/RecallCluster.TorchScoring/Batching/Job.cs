using System.Runtime.ExceptionServices;

namespace RecallCluster.TorchScoring.Batching;

/// <summary>Something that a caller waits for while a worker does it.</summary>
internal abstract class Job
{
    private ExceptionDispatchInfo? _failure;
    private bool _done;

    /// <summary>Makes a job that was done one that is to be done.</summary>
    protected void Renew() => (_done, _failure) = (false, null);

    /// <summary>Waits until it is done.</summary>
    /// <exception cref="Exception">Why it could not be done.</exception>
    public void Wait()
    {
        lock (this)
        {
            while (!_done)
                Monitor.Wait(this);
        }
        _failure?.Throw();
    }

    /// <summary>Lets the caller go on.</summary>
    /// <param name="failure">Why it could not be done; null where it was.</param>
    public void Complete(Exception? failure = null)
    {
        lock (this)
        {
            _failure = failure is null ? null : ExceptionDispatchInfo.Capture(failure);
            _done = true;
            Monitor.PulseAll(this);
        }
    }
}
