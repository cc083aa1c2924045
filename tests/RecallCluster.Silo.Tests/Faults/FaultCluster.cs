using System.Diagnostics;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Silo.Tests.Support;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>Which silo does what.</summary>
/// <param name="Roles">Roles of each silo.</param>
/// <param name="Replicas">Copies of each shard.</param>
internal sealed record FaultPlan(string[] Roles, int Replicas)
{
    private const string AllRoles = "gateway,retrieval,control";

    /// <summary>Every silo does everything.</summary>
    public static FaultPlan Alike { get; } = new([AllRoles, AllRoles, AllRoles], 2);

    /// <summary>Two silos, of which each can do everything alone.</summary>
    public static FaultPlan Pair { get; } = new([AllRoles, AllRoles], 2);
}

/// <summary>Silo processes and a Redis, kept up.</summary>
internal sealed class FaultCluster : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly List<FaultSilo> _silos = [];

    private FaultCluster(FaultPlan plan, RedisServer redis) => (Plan, Redis) = (plan, redis);

    public FaultPlan Plan { get; }

    public RedisServer Redis { get; }

    public IReadOnlyList<FaultSilo> Silos => _silos;

    /// <summary>Starts it and waits until it is whole.</summary>
    public static async Task<FaultCluster> StartAsync(FaultPlan plan, FaultMarket market, TimeSpan patience)
    {
        var cluster = new FaultCluster(plan, await RedisServer.StartedAsync());
        try
        {
            cluster.StartSilos(market);
            await cluster.UntilWholeAsync(patience);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>What is missing until every silo is ready and sees all others; null for nothing.</summary>
    public async Task<string?> MissingAsync()
    {
        string?[] missing = await Task.WhenAll(_silos.Select(silo => silo.MissingAsync(_silos.Count)));
        return Array.Find(missing, m => m is not null);
    }

    /// <summary>Waits until it is whole.</summary>
    /// <exception cref="TimeoutException">It was not in time; the message says what is missing.</exception>
    public async Task UntilWholeAsync(TimeSpan patience)
    {
        long began = Stopwatch.GetTimestamp();
        while (await MissingAsync() is { } missing)
        {
            if (Stopwatch.GetElapsedTime(began) > patience)
            {
                string tails = string.Join('\n', _silos.Select(silo => $"--- {silo.Name}\n{LastOf(silo.Output)}"));
                throw new TimeoutException($"The cluster was not whole within {patience.TotalSeconds} s: {missing}\n{tails}");
            }
            await Task.Delay(Look);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_silos.Select(silo => silo.DisposeAsync().AsTask()));
        await Redis.DisposeAsync();
    }

    private static string LastOf(string output)
    {
        const int Lines = 8, Letters = 300;
        return string.Join('\n', output.Split('\n').TakeLast(Lines).Select(line => line[..Math.Min(line.Length, Letters)]));
    }

    private void StartSilos(FaultMarket market)
    {
        const int PortsOfSilo = 4;
        int[] ports = FreePorts.Take(Plan.Roles.Length * PortsOfSilo);
        string[] common =
        [
            .. market.Settings, .. FaultMarket.ClockFromNow(), $"--silo:replicas={Plan.Replicas}",
            $"--silo:parent={Environment.ProcessId}",
            // A silo that starts has a machine of its own elsewhere; here it takes the others' processors, and doors must not take that for
            // too many requests.
            "--http:latencySeconds=0.1",
        ];
        for (int i = 0; i < Plan.Roles.Length; i++)
        {
            int[] own = ports[(i * PortsOfSilo)..((i + 1) * PortsOfSilo)];
            Uri? door = Plan.Roles[i].Contains("gateway", StringComparison.Ordinal) ? new Uri($"http://127.0.0.1:{own[3]}") : null;
            string[] settings = door is null ? common : [.. common, $"--http:door={door.GetLeftPart(UriPartial.Authority)}"];
            _silos.Add(new FaultSilo(new SiloSeat($"silo-{i + 1}", Redis.Address, Plan.Roles[i], own[..3]), door, settings));
        }
    }
}
