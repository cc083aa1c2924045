using RecallCluster.TorchScoring.Devices;
using TorchSharp;

namespace RecallCluster.TorchScoring.Batching;

/// <summary>
/// Threads that take batches from a queue and have a device compute them: while one waits for an answer, another packs the next batch. What
/// goes wrong with a batch, its callers are told; a device that is lost fails all that come later.
/// </summary>
/// <typeparam name="T">A job.</typeparam>
internal sealed class Workers<T> : IDisposable
    where T : Job
{
    private readonly BatchQueue<T> _queue;
    private readonly DeviceHealth _health;
    private readonly Thread[] _threads;
    private readonly string _doing;

    /// <param name="name">What they do, for messages and the threads' names.</param>
    /// <param name="capacity">Most jobs that wait.</param>
    /// <param name="wait">How long a batch waits for more jobs.</param>
    /// <param name="health">The device's.</param>
    /// <param name="workers">What computes a batch, one for each thread.</param>
    public Workers(string name, int capacity, TimeSpan wait, DeviceHealth health, IReadOnlyList<IBatchWorker<T>> workers)
    {
        (_queue, _health, _doing) = (new BatchQueue<T>(capacity), health, name);
        _threads =
        [
            .. workers.Select(worker => new Thread(() => Run(worker, wait)) { IsBackground = true, Name = name }),
        ];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    /// <summary>Has a job done, and waits for it.</summary>
    public void Do(T job)
    {
        _health.RequireAlive();
        _queue.Put(job);
        job.Wait();
    }

    /// <summary>Ends when all jobs are done.</summary>
    public void Dispose()
    {
        _queue.Close();
        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void Run(IBatchWorker<T> worker, TimeSpan wait)
    {
        using (worker)
        {
            var batch = new List<T>();
            while (_queue.Take(batch, worker.Fits, wait))
            {
                Exception? failure = null;
                try
                {
                    _health.RequireAlive();
                    using DisposeScope scope = torch.NewDisposeScope();
                    using IDisposable inference = torch.inference_mode();
                    worker.Compute(batch);
                }
                // Whoever waits for the batch gets it; the worker goes on with the next.
                catch (Exception e)
                {
                    failure = _health.Note(e, _doing);
                }
                foreach (T job in batch)
                    job.Complete(failure);
            }
        }
    }
}

/// <summary>Computes batches on one thread, with memory of its own.</summary>
/// <typeparam name="T">A job.</typeparam>
internal interface IBatchWorker<T> : IDisposable
{
    /// <summary>Whether a job fits a batch.</summary>
    bool Fits(List<T> batch, T job);

    /// <summary>Computes a batch; the jobs' answers are there when it returns.</summary>
    void Compute(List<T> batch);
}
