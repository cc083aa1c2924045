using Microsoft.Extensions.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;

namespace RecallCluster.Grains.Hosting;

/// <summary>
/// Opens the silo's market once the silo is a member, for as long as it takes: what is missing is seen in the silo's readiness.
/// </summary>
internal sealed class MarketOpening(SiloMarket market, MachineHostOptions options, TimeProvider time) : BackgroundService
{
    private const int PausesBetween = 10;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await market.OpenAsync(stoppingToken).ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            // The directory may be mended, a member may come: it is tried again, and said why not yet.
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                market.Failed(e);
            }
            await Task.Delay(options.Pause * PausesBetween, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
