namespace RecallCluster.Serving.Experiments;

/// <summary>Where a gateway tells what it answered under an experiment's arms. Thread-safe.</summary>
internal interface IExposureReports
{
    /// <summary>Tells an experiment.</summary>
    /// <exception cref="IOException">It could not be reached, or could not make it durable: tell it the same again.</exception>
    Task ReportAsync(ReportExposures report, CancellationToken cancellation);
}

/// <summary>
/// Tells experiments what a gateway answered under their arms, each report once: one whose fate is not known is told again as it was, and
/// the experiment knows it by its number.
/// </summary>
/// <param name="board">What was answered.</param>
/// <param name="reports">Where it is told.</param>
/// <param name="gateway">The gateway's number.</param>
/// <param name="epoch">Its life.</param>
/// <param name="clock">The business clock.</param>
internal sealed class ExposureReporter(
    ExperimentBoard board, IExposureReports reports, int gateway, long epoch, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _reporting = new(1, 1);
    private readonly Dictionary<long, ReportExposures> _untold = [];
    private long _last;

    /// <summary>Tells what was answered since the last call, and what could not be told then. A call waits for the one before.</summary>
    /// <exception cref="IOException">Not all could be told; the next call does.</exception>
    public async Task ReportAsync(CancellationToken cancellation)
    {
        await _reporting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            foreach ((long experiment, ExposureMeter meter) in board.Meters)
            {
                if (!_untold.ContainsKey(experiment) && meter.Take() is { } arms)
                    _untold[experiment] = new ReportExposures(clock.GetUtcNow(), experiment, gateway, epoch, ++_last, arms);
            }
            ReportExposures[] untold = [.. _untold.Values];
            Task[] telling = Array.ConvertAll(untold, report => reports.ReportAsync(report, cancellation));
            Task all = Task.WhenAll(telling);
            // One that cannot be told now holds up no other.
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            for (int i = 0; i < telling.Length; i++)
            {
                if (telling[i].IsCompletedSuccessfully)
                    _untold.Remove(untold[i].Experiment);
            }
            await all.ConfigureAwait(false);
        }
        finally
        {
            _reporting.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reporting.Dispose();
}
