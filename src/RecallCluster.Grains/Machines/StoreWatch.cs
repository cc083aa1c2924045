using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace RecallCluster.Grains.Machines;

/// <summary>
/// Looks whether the store has been emptied, and has everything written again that this silo holds in memory. A machine that is told
/// something sees that by itself; those that are idle would be gone with their silo.
/// </summary>
internal sealed partial class StoreWatch(
    IMachineStore store, IEnumerable<IStoreKeeper> keepers, TimeProvider time, ILogger<StoreWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly IStoreKeeper[] _keepers = [.. keepers];
    private string? _known;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (store is not IStoreLife life)
            return;
        while (!stoppingToken.IsCancellationRequested)
        {
            await LookAsync(life, stoppingToken).ConfigureAwait(false);
            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LookAsync(IStoreLife life, CancellationToken cancellation)
    {
        try
        {
            string current = await life.CurrentAsync(cancellation).ConfigureAwait(false);
            if (_known is not null && current != _known)
            {
                LogEmptied(logger);
                await Task.WhenAll(_keepers.Select(keeper => keeper.WriteAgainAsync(cancellation))).ConfigureAwait(false);
            }
            _known = current;
        }
        // The store does not answer, or a machine was just being closed: the next look finds out.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Telemetry.AskFailed(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store was emptied; what this silo holds in memory is written again.")]
    private static partial void LogEmptied(ILogger logger);
}
