using System.Globalization;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Workflows.Cluster;

/// <summary>One silo of a local cluster: the same name and ports in each of its lives.</summary>
internal sealed record SiloPlan
{
    public const string GatewayRole = "gateway";

    public required string Name { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    public required int SiloPort { get; init; }

    public required int GatewayPort { get; init; }

    public required int HealthPort { get; init; }

    /// <summary>Port of the front door; null for none.</summary>
    public required int? DoorPort { get; init; }

    public Uri Health => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{HealthPort}"));

    public Uri? Door => DoorPort is { } port ? new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")) : null;

    /// <summary>The silo's arguments.</summary>
    public IEnumerable<string> Arguments(string redis, IEnumerable<string> further)
    {
        IEnumerable<string> own = [
            $"--silo:name={Name}", $"--silo:roles={string.Join(',', Roles)}", Number("silo:port", SiloPort),
            Number("silo:gatewayPort", GatewayPort), $"--http:health={Health.GetLeftPart(UriPartial.Authority)}",
            $"--cluster:redis={redis}",
            Number("silo:parent", Environment.ProcessId),
        ];
        return [.. own, .. Door is { } door ? [$"--http:door={door.GetLeftPart(UriPartial.Authority)}"] : (string[])[], .. further];
    }

    /// <summary>Plans of a whole cluster, at free ports.</summary>
    /// <param name="silos">How many.</param>
    /// <param name="roles">Roles of each, in order; fewer than silos: the last ones are those of all that follow.</param>
    /// <param name="door">Port of the first front door; the next doors take the ports after it, where they are free.</param>
    public static SiloPlan[] Of(int silos, IReadOnlyList<string[]> roles, int door)
    {
        const int PortsOfSilo = 3;
        int[] ports = FreePorts.Take(silos * PortsOfSilo);
        var plans = new SiloPlan[silos];
        for (int i = 0; i < silos; i++)
        {
            string[] own = roles[Math.Min(i, roles.Count - 1)];
            int? doorPort = null;
            if (own.Contains(GatewayRole))
            {
                while (ports.Contains(door) || !FreePorts.IsFree(door))
                    door++;
                doorPort = door++;
            }
            plans[i] = new SiloPlan
            {
                Name = string.Create(CultureInfo.InvariantCulture, $"silo-{i + 1}"),
                Roles = own,
                SiloPort = ports[i * PortsOfSilo],
                GatewayPort = ports[(i * PortsOfSilo) + 1],
                HealthPort = ports[(i * PortsOfSilo) + 2],
                DoorPort = doorPort,
            };
        }
        return plans;
    }

    private static string Number(string key, int value) => string.Create(CultureInfo.InvariantCulture, $"--{key}={value}");
}
