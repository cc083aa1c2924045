using System.Diagnostics;

namespace RecallCluster.TorchScoring.Batching;

/// <summary>
/// Jobs on their way to a device: bounded, so that whoever comes when it is full waits, and taken in batches. Thread-safe.
/// </summary>
/// <typeparam name="T">A job.</typeparam>
/// <param name="capacity">Most jobs that wait.</param>
internal sealed class BatchQueue<T>(int capacity)
    where T : Job
{
    private readonly Queue<T> _waiting = new(capacity);
    private bool _closed;
    private int _recent = 1;

    /// <summary>Puts a job in, once there is room.</summary>
    /// <returns>Whether it is in; not where its time was over before there was room.</returns>
    /// <exception cref="ObjectDisposedException">The queue was closed.</exception>
    public bool Put(T job)
    {
        lock (_waiting)
        {
            while (_waiting.Count >= capacity && !_closed)
            {
                if (Job.IsLate(job.Deadline))
                    return false;
                if (job.Deadline is { } deadline)
                    Monitor.Wait(_waiting, Job.TimeLeft(deadline));
                else
                    Monitor.Wait(_waiting);
            }
            ObjectDisposedException.ThrowIf(_closed, this);
            _waiting.Enqueue(job);
            Monitor.PulseAll(_waiting);
            return true;
        }
    }

    /// <summary>
    /// Waits for a job and takes it with those behind it, as long as they fit. Those whose callers have given up are passed over.
    /// </summary>
    /// <param name="batch">Receives the jobs.</param>
    /// <param name="fits">Whether a job fits the ones taken so far; the first always does.</param>
    /// <param name="wait">
    /// How long a batch waits at most while it has less than half as many jobs as the one before: callers that were answered together come
    /// again one after the other, and the first of them is no batch. A caller that is alone never waits.
    /// </param>
    /// <returns>Whether there was one; false once the queue is closed and empty.</returns>
    public bool Take(List<T> batch, Func<List<T>, T, bool> fits, TimeSpan wait)
    {
        batch.Clear();
        lock (_waiting)
        {
            while (!TakeThoseThatFit(batch, fits))
            {
                if (_closed)
                    return false;
                Monitor.Wait(_waiting);
            }
            long start = Stopwatch.GetTimestamp();
            while (_waiting.Count == 0 && !_closed && 2 * batch.Count < _recent)
            {
                TimeSpan left = wait - Stopwatch.GetElapsedTime(start);
                if (left <= TimeSpan.Zero || !Monitor.Wait(_waiting, left))
                    break;
                TakeThoseThatFit(batch, fits);
            }
            _recent = batch.Count;
            return true;
        }
    }

    /// <summary>Takes no more jobs; those in it are still taken out.</summary>
    public void Close()
    {
        lock (_waiting)
        {
            _closed = true;
            Monitor.PulseAll(_waiting);
        }
    }

    private bool TakeThoseThatFit(List<T> batch, Func<List<T>, T, bool> fits)
    {
        int before = _waiting.Count;
        while (_waiting.TryPeek(out T? next) && (batch.Count == 0 || fits(batch, next)))
        {
            _waiting.Dequeue();
            if (next.TryBegin())
                batch.Add(next);
        }
        if (_waiting.Count < before)
            Monitor.PulseAll(_waiting);
        return batch.Count > 0;
    }
}
