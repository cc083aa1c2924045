using System.Collections.Concurrent;

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
    private readonly ConcurrentDictionary<long, ReportExposures> _untold = new();
    private long _last;

    /// <summary>
    /// Tells what could not be told before, then what was answered since: nothing that was answered before the call is left when it
    /// completes. A call waits for the one before.
    /// </summary>
    /// <exception cref="IOException">Not all could be told; the next call does.</exception>
    public async Task ReportAsync(CancellationToken cancellation)
    {
        await _reporting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            long[] experiments = [.. _untold.Keys.Union(board.Metered)];
            // One that cannot be told now holds up no other.
            await Task.WhenAll(experiments.Select(experiment => TellAsync(experiment, cancellation))).ConfigureAwait(false);
        }
        finally
        {
            _reporting.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reporting.Dispose();

    private async Task TellAsync(long experiment, CancellationToken cancellation)
    {
        // Its number comes before those of later ones: the experiment would take it for an old one after them.
        if (_untold.TryGetValue(experiment, out ReportExposures? before))
            await TellAsync(before, cancellation).ConfigureAwait(false);
        if (board.Take(experiment) is not { } arms)
            return;
        var report = new ReportExposures(
            clock.GetUtcNow(), experiment, gateway, epoch, Interlocked.Increment(ref _last), arms);
        _untold[experiment] = report;
        await TellAsync(report, cancellation).ConfigureAwait(false);
    }

    private async Task TellAsync(ReportExposures report, CancellationToken cancellation)
    {
        await reports.ReportAsync(report, cancellation).ConfigureAwait(false);
        _untold.TryRemove(report.Experiment, out _);
    }
}
