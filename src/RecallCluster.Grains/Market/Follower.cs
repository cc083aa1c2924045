using RecallCluster.Grains.Machines;

namespace RecallCluster.Grains.Market;

/// <summary>Asks for what is new again and again, until it is stopped; trouble is a reason to ask again a little later.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private bool _disposed;

    /// <param name="ask">Asks once, waiting for news for some seconds, and takes them in.</param>
    /// <param name="options">Time between attempts.</param>
    /// <param name="time">Its clock.</param>
    public Follower(Func<CancellationToken, Task> ask, MachineHostOptions options, TimeProvider time) =>
        _running = Task.Run(() => RunAsync(ask, options.Pause, time));

    public async ValueTask DisposeAsync()
    {
        // A service that is known by several names is disposed once for each.
        if (Interlocked.Exchange(ref _disposed, true))
            return;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync(Func<CancellationToken, Task> ask, TimeSpan pause, TimeProvider time)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await ask(_stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Telemetry.AskFailed(e);
                await Task.Delay(pause, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
