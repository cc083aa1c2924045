using System.Globalization;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>Something that goes wrong.</summary>
internal sealed record Fault
{
    private static readonly TimeSpan RedisAway = TimeSpan.FromSeconds(5), Patience = TimeSpan.FromMinutes(10);

    /// <summary>Its name, as on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>What it is, in words.</summary>
    public required string Title { get; init; }

    /// <summary>Which silo does what.</summary>
    public FaultPlan Plan { get; init; } = FaultPlan.Alike;

    /// <summary>Whether there is a time in which no door can answer: all silos are gone.</summary>
    public bool TakesAllDoors { get; init; }

    /// <summary>Makes it happen; completes when what goes wrong is over, but not what follows from it.</summary>
    public required Func<FaultCluster, FaultTurn, Task> Inflict { get; init; }

    /// <summary>All of them, in the order that they are tried in.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        new()
        {
            Name = "kill-retrieval",
            Title = "kill -9 a retrieval silo",
            Plan = new FaultPlan(["gateway,control", "retrieval", "retrieval"], 2),
            Inflict = (cluster, turn) => cluster.Silos[1 + (turn.Number % 2)].KillAsync(),
        },
        new()
        {
            Name = "kill-control",
            Title = "kill -9 a control silo",
            Plan = new FaultPlan(["gateway,retrieval", "control", "control"], 1),
            Inflict = (cluster, turn) => cluster.Silos[1 + (turn.Number % 2)].KillAsync(),
        },
        new()
        {
            Name = "kill-gateway",
            Title = "kill -9 the gateway's silo",
            Plan = new FaultPlan(["gateway", "gateway", "retrieval,control"], 1),
            Inflict = (cluster, turn) => cluster.Silos[turn.Number % 2].KillAsync(),
        },
        new()
        {
            Name = "kill-any",
            Title = "kill -9 a silo of all roles",
            Inflict = (cluster, turn) => cluster.Silos[turn.Number % cluster.Silos.Count].KillAsync(),
        },
        new()
        {
            Name = "freeze",
            Title = "SIGSTOP a silo of all roles",
            Inflict = async (cluster, turn) =>
            {
                FaultSilo silo = cluster.Silos[turn.Number % cluster.Silos.Count];
                silo.Freeze();
                await Task.Delay(turn.Frozen);
                silo.Thaw();
            },
        },
        new()
        {
            Name = "redis",
            Title = "Redis killed, started again after 5 s",
            Inflict = async (cluster, _) =>
            {
                await cluster.Redis.KillAsync();
                await Task.Delay(RedisAway);
                await cluster.Redis.StartAsync();
            },
        },
        new()
        {
            Name = "redis-empty",
            Title = "Redis killed, started again empty after 5 s",
            Inflict = async (cluster, _) =>
            {
                await cluster.Redis.KillAsync();
                cluster.Redis.Empty();
                await Task.Delay(RedisAway);
                await cluster.Redis.StartAsync();
            },
        },
        new()
        {
            Name = "redis-freeze",
            Title = "SIGSTOP Redis for 5 s",
            Inflict = async (cluster, _) =>
            {
                cluster.Redis.Freeze();
                await Task.Delay(RedisAway);
                cluster.Redis.Thaw();
            },
        },
        new()
        {
            Name = "kill-all",
            Title = "kill -9 all silos",
            TakesAllDoors = true,
            Inflict = (cluster, _) => Task.WhenAll(cluster.Silos.Select(silo => silo.KillAsync())),
        },
        new()
        {
            Name = "rolling",
            Title = "rolling restart (SIGTERM, wait, start)",
            Inflict = async (cluster, _) =>
            {
                foreach (FaultSilo silo in cluster.Silos)
                {
                    int code = await silo.TerminateAsync();
                    if (code != 0)
                    {
                        throw new InvalidOperationException(
                            string.Create(CultureInfo.InvariantCulture, $"{silo.Name} ended with code {code}:\n{silo.Output}"));
                    }
                    await cluster.UntilWholeAsync(Patience);
                }
            },
        },
    ];
}

/// <summary>One time that a fault is tried.</summary>
/// <param name="Number">Which time, from 0.</param>
/// <param name="Frozen">How long a frozen silo stays so.</param>
internal sealed record FaultTurn(int Number, TimeSpan Frozen);
