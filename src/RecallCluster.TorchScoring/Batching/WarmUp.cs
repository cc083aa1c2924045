using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace RecallCluster.TorchScoring.Batching;

/// <summary>
/// Has all workers of a shard compute all of their shapes before the first request, each on its own thread and all at once: what a library
/// keeps by thread is there then, and its pool holds as much as all workers take together, so that nothing is allocated later.
/// </summary>
/// <param name="rounds">How often: a compiler that specialises by what it has seen wants several.</param>
internal sealed class WarmUp(int rounds) : IDisposable
{
    // The shard itself is one, so that nobody begins before all are there.
    private readonly Barrier _together = new(1);
    private readonly CountdownEvent _busy = new(1);
    private readonly CancellationTokenSource _cancel = new();
    private readonly ConcurrentQueue<Exception> _failures = new();

    /// <summary>Waits for so many more workers; to be called before <see cref="Run"/>.</summary>
    public void Expect(int workers)
    {
        _together.AddParticipants(workers);
        _busy.AddCount(workers);
    }

    /// <summary>Computes the shapes of one worker, on its thread. What goes wrong, <see cref="Run"/> tells.</summary>
    /// <param name="shapes">Computes every shape, and calls what it is given after each, before it lets go of the memory.</param>
    public void TakePart(Action<Action> shapes)
    {
        try
        {
            Meet();
            for (int round = 0; round < rounds; round++)
                shapes(Meet);
        }
        catch (OperationCanceledException) when (_cancel.IsCancellationRequested)
        {
            // The shard is closed before it was open.
            return;
        }
        catch (Exception e)
        {
            _failures.Enqueue(e);
        }
        finally
        {
            _together.RemoveParticipant();
            _busy.Signal();
        }
    }

    /// <summary>Begins, and waits until all are done.</summary>
    /// <exception cref="Exception">What went wrong first.</exception>
    public void Run()
    {
        _together.RemoveParticipant();
        _busy.Signal();
        _busy.Wait();
        if (_failures.TryDequeue(out Exception? failure))
            ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Lets those go on that wait for others; nobody is warm then.</summary>
    public void Dispose() => _cancel.Cancel();

    private void Meet() => _together.SignalAndWait(_cancel.Token);
}
