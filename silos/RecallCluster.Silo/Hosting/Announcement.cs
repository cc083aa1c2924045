using Microsoft.Extensions.Hosting;
using RecallCluster.Silo.Configuration;
using RecallCluster.Silo.Health;

namespace RecallCluster.Silo.Hosting;

/// <summary>Says on stdout, once the silo is a member, where it can be reached.</summary>
internal sealed class Announcement(SiloSettings settings, HealthDoor health, GatewayDoor door) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        string opened = door.Addresses.Count > 0 ? $", door {string.Join(' ', door.Addresses)}" : "";
        string place = settings.IsDoor
            ? "is a door of " + settings.Node.Cluster
            : $"is a member of {settings.Node.Cluster} as {string.Join(',', settings.Node.Roles.Order())}, silo "
                + $"{settings.Address}:{settings.SiloPort}";
        return Console.Out.WriteLineAsync($"{settings.Node.Name} {place}, health {string.Join(' ', health.Addresses)}{opened}");
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
