using Microsoft.Extensions.Hosting;

namespace RecallCluster.Silo.Health;

/// <summary>A host within a host: signals are for the outer one.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
