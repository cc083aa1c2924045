using System.Globalization;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Workflows.Cluster;

/// <summary>One silo of a local cluster, or one front door that is none: the same name and ports in each of its lives.</summary>
internal sealed record SiloPlan
{
    public const string GatewayRole = "gateway";

    private const string DoorRole = "door";

    public required string Name { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Where other silos reach it; 0 for a door.</summary>
    public int SiloPort { get; init; }

    /// <summary>Where doors reach it; 0 for a door.</summary>
    public int GatewayPort { get; init; }

    public required int HealthPort { get; init; }

    /// <summary>Port of the front door; null where nobody is to use it, or there is none.</summary>
    public required int? DoorPort { get; init; }

    /// <summary>Whether it is a front door and no silo.</summary>
    public bool IsDoor => Roles.Contains(DoorRole);

    public Uri Health => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{HealthPort}"));

    public Uri? Door => DoorPort is { } port ? new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")) : null;

    /// <summary>The arguments of its program.</summary>
    public IEnumerable<string> Arguments(string redis, IEnumerable<string> further) =>
    [
        $"--silo:name={Name}", $"--silo:roles={string.Join(',', Roles)}", $"--http:health={Health.GetLeftPart(UriPartial.Authority)}",
        // What nobody is to use is where nobody looks for it.
        $"--http:door={(Door ?? new Uri("http://127.0.0.1:0")).GetLeftPart(UriPartial.Authority)}",
        $"--cluster:redis={redis}", Number("silo:parent", Environment.ProcessId),
        .. IsDoor ? (string[])[] : [Number("silo:port", SiloPort), Number("silo:gatewayPort", GatewayPort)],
        .. further,
    ];

    /// <summary>Plans of a whole cluster, at free ports.</summary>
    /// <param name="silos">How many.</param>
    /// <param name="roles">Roles of each, in order; fewer than silos: the last ones are those of all that follow.</param>
    /// <param name="door">Port of the first front door; the next doors take the ports after it, where they are free.</param>
    /// <param name="doors">
    /// How many front doors have processes of their own, after the silos; 0 for none: then every silo with the role gateway has one.
    /// </param>
    public static SiloPlan[] Of(int silos, IReadOnlyList<string[]> roles, int door, int doors = 0)
    {
        const int PortsOfSilo = 3;
        int[] ports = FreePorts.Take((silos * PortsOfSilo) + doors);
        var plans = new SiloPlan[silos + doors];
        for (int i = 0; i < silos; i++)
        {
            string[] own = roles[Math.Min(i, roles.Count - 1)];
            plans[i] = new SiloPlan
            {
                Name = Numbered("silo", i),
                Roles = own,
                SiloPort = ports[i * PortsOfSilo],
                GatewayPort = ports[(i * PortsOfSilo) + 1],
                HealthPort = ports[(i * PortsOfSilo) + 2],
                DoorPort = doors == 0 && own.Contains(GatewayRole) ? NextDoor() : null,
            };
        }
        for (int i = 0; i < doors; i++)
        {
            plans[silos + i] = new SiloPlan
            {
                Name = Numbered(DoorRole, i), Roles = [DoorRole], HealthPort = ports[(silos * PortsOfSilo) + i], DoorPort = NextDoor(),
            };
        }
        return plans;

        int NextDoor()
        {
            while (ports.Contains(door) || !FreePorts.IsFree(door))
                door++;
            return door++;
        }
    }

    private static string Numbered(string what, int index) => string.Create(CultureInfo.InvariantCulture, $"{what}-{index + 1}");

    private static string Number(string key, int value) => string.Create(CultureInfo.InvariantCulture, $"--{key}={value}");
}
