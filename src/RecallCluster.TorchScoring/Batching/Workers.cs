using RecallCluster.Serving.Devices;
using RecallCluster.TorchScoring.Devices;
using TorchSharp;

namespace RecallCluster.TorchScoring.Batching;

/// <summary>
/// Threads that take batches from a queue and have a device compute them: while one waits for an answer, another packs the next batch. What
/// goes wrong with a batch of one, its caller is told; of several, each is tried alone, so that one that cannot be computed fails no
/// other. A device that is lost fails all that come later.
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
    /// <param name="batches">How many there are, how many jobs wait, and how long a batch waits for more.</param>
    /// <param name="health">The device's.</param>
    /// <param name="make">Makes what computes batches on one thread.</param>
    /// <param name="warmUp">Has them compute every shape before the first job.</param>
    public Workers(string name, DeviceBatches batches, DeviceHealth health, Func<IBatchWorker<T>> make, WarmUp warmUp)
    {
        (_queue, _health, _doing) = (new BatchQueue<T>(batches.Queue), health, name);
        var wait = TimeSpan.FromMilliseconds(batches.WaitMilliseconds);
        var workers = new List<IBatchWorker<T>>();
        try
        {
            while (workers.Count < batches.Workers)
                workers.Add(make());
        }
        catch
        {
            workers.ForEach(worker => worker.Dispose());
            throw;
        }
        _threads =
        [
            .. workers.Select(worker => new Thread(() => Run(worker, wait, warmUp)) { IsBackground = true, Name = name }),
        ];
        warmUp.Expect(workers.Count);
        foreach (Thread thread in _threads)
            thread.Start();
    }

    /// <summary>Has a job done, and waits for it.</summary>
    /// <returns>Whether it was done; not where its time was over before a worker began it.</returns>
    public bool Do(T job)
    {
        _health.RequireAlive();
        return _queue.Put(job) && job.Wait();
    }

    /// <summary>Ends when all jobs are done.</summary>
    public void Dispose()
    {
        _queue.Close();
        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void Run(IBatchWorker<T> worker, TimeSpan wait, WarmUp warmUp)
    {
        using (worker)
        {
            using IDisposable inference = torch.inference_mode();
            warmUp.TakePart(worker.WarmUp);
            var batch = new List<T>();
            while (_queue.Take(batch, worker.Fits, wait))
            {
                Exception? failure = TryCompute(worker, batch);
                if (failure is null or DeviceLostException || batch.Count == 1)
                {
                    foreach (T job in batch)
                        job.Complete(failure);
                    continue;
                }
                foreach (T job in batch)
                    job.Complete(TryCompute(worker, [job]));
            }
        }
    }

    private Exception? TryCompute(IBatchWorker<T> worker, List<T> batch)
    {
        try
        {
            _health.RequireAlive();
            using DisposeScope scope = torch.NewDisposeScope();
            worker.Compute(batch);
            return null;
        }
        // Whoever waits for the batch gets it; the worker goes on with the next.
        catch (Exception e)
        {
            return _health.Note(e, _doing);
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

    /// <summary>Computes every shape, on padding.</summary>
    /// <param name="hold">Called after each shape, while its memory is held.</param>
    void WarmUp(Action hold);
}
