using System.Globalization;
using Microsoft.Extensions.Hosting;
using RecallCluster.Silo.Configuration;

namespace RecallCluster.Silo.Hosting;

/// <summary>
/// Ends the process when stopping takes much longer than it may: without Redis there is nobody to hand leases back to, nobody to put grains
/// away with and no table to leave, and each of those is tried for as long as it takes. All that was acknowledged is durable.
/// </summary>
internal sealed class StopGuard(SiloSettings settings, IHostApplicationLifetime lifetime, TimeProvider time) : IHostedService
{
    private const int Unfinished = 1;
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5), LastWord = TimeSpan.FromSeconds(1);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(() => _ = EndAsync(settings.Notice + settings.DrainTime + Margin));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task EndAsync(TimeSpan limit)
    {
        await Task.Delay(limit, time, lifetime.ApplicationStopped).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (lifetime.ApplicationStopped.IsCancellationRequested)
            return;
        // A logger writes in the background, which the end does not wait for; nor does it wait long for whoever reads the line.
        string line = string.Create(
            CultureInfo.InvariantCulture, $"error: the silo did not stop within {limit.TotalSeconds:0} s and is ended as it is");
        await Task.WhenAny(Task.Run(() => Console.Error.WriteLine(line)), Task.Delay(LastWord, time)).ConfigureAwait(false);
        Environment.Exit(Unfinished);
    }
}
