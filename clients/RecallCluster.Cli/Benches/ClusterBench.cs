using System.Diagnostics;
using System.Globalization;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Cli.Workflows.Cluster;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// A cluster on this machine under load, beside the embedded edition on the same market, and what its parts cost beside their peers:
/// <code>
/// market (made once) ─► serve ─► load      ─► silos, Redis ─► load, MessagePack against JSON
///                                          ─► two silos: calls of a shard against bare calls; with Redis: events against bare writes
/// </code>
/// </summary>
internal sealed class ClusterBench(ClusterBenchOptions options, ClusterBenchProgram program)
{
    private const string Route = "v1/ads";
    private const int Bodies = 2_000;

    // A round of warming up that gained less is the last.
    private const double LeastGain = 1.05;
    private static readonly TimeSpan TimeToBeReady = TimeSpan.FromMinutes(3);
    private static readonly string[] AllRoles = [SiloPlan.GatewayRole, "retrieval", "control"];

    private readonly LastLines _lines = new();

    public async Task<ClusterBenchReport> RunAsync(IStages stages, CancellationToken cancellation)
    {
        int peerShards = options.Rows[0].Shards;
        var markets = new Dictionary<int, ServeMarket>();
        TrafficWorld? traffic = null;
        foreach (int shards in options.Rows.Select(row => row.Shards).Distinct())
        {
            var market = new ServeMarket(options.Market with { Shards = shards });
            traffic = await Task.Run(() => market.Prepare(stages, cancellation), cancellation).ConfigureAwait(false);
            markets.Add(shards, market);
        }
        byte[][] bodies = ServeBodies.Native(traffic!.Day(1).Take(Bodies));
        ServeRow[] embedded = await EmbeddedAsync(markets[peerShards], bodies, stages, cancellation).ConfigureAwait(false);
        string state = Invariant($"--state-floats={markets[peerShards].UserStateLength()}");
        var rows = new List<ClusterRow>();
        ClusterWire? wire = null;
        foreach ((int silos, int shards) in options.Rows)
        {
            ServeMarket market = markets[shards];
            (ServeRow[] loads, ClusterWire? measured) = await ClusterAsync(
                silos, market, bodies, wire is null ? state : null, stages, cancellation).ConfigureAwait(false);
            wire ??= measured;
            rows.AddRange(loads.Zip(embedded, (load, peer) => ClusterRow.Of(silos, shards, load, peer)));
        }
        ClusterCalls[] calls;
        using (stages.Begin("A gateway's call of a shard against a bare call"))
        {
            calls = await program.AskHostAsync<ClusterCalls[]>(
                "calls", null, [state, Invariant($"--seconds={options.CallSeconds}")], cancellation).ConfigureAwait(false);
        }
        return new ClusterBenchReport(
            options.Market.Items, options.Market.Campaigns, options.Market.Scorings, embedded, peerShards, [.. rows], calls, wire!,
            await EventsAsync(stages, cancellation).ConfigureAwait(false));
    }

    private async Task<ServeRow[]> EmbeddedAsync(ServeMarket market, byte[][] bodies, IStages stages, CancellationToken cancellation)
    {
        var server = new ServerProcess(market.ServeArguments());
        await using (server.ConfigureAwait(false))
        {
            using (stages.Begin("Open the embedded edition's front door"))
                await server.StartAsync(cancellation).ConfigureAwait(false);
            using var load = new HttpLoadGenerator(server.Address, Route, bodies);
            return await MeasureAsync(load, () => server.ProcessorTime, "embedded", stages, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<(ServeRow[] Loads, ClusterWire? Wire)> ClusterAsync(
        int silos, ServeMarket market, byte[][] bodies, string? wire, IStages stages, CancellationToken cancellation)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("recall-bench-");
        try
        {
            string what = Invariant($"{silos} silo(s), {market.Shards} shard(s)");
            IStage opening = stages.Begin($"Start {what}");
            LocalCluster cluster = await LocalCluster.StartAsync(
                new LocalClusterOptions
                {
                    Silos = silos, Roles = [AllRoles], Folder = folder.FullName, DoorPort = FreePorts.Take(1)[0],
                    Settings = [.. market.SiloSettings(), Invariant($"--silo:replicas={Math.Min(2, silos)}")],
                },
                _lines.Keep, cancellation).ConfigureAwait(false);
            await using (cluster.ConfigureAwait(false))
            {
                try
                {
                    await cluster.UntilReadyAsync(TimeToBeReady, cancellation).ConfigureAwait(false);
                }
                catch (InvalidOperationException e)
                {
                    throw new InvalidOperationException($"{e.Message}\n{_lines}", e);
                }
                opening.Dispose();
                using var load = new HttpLoadGenerator(cluster.Silos.Select(silo => silo.Plan.Door!), Route, bodies);
                ServeRow[] rows = await MeasureAsync(load, () => ProcessorTimeOf(cluster), what, stages, cancellation)
                    .ConfigureAwait(false);
                if (wire is null)
                    return (rows, null);
                using IStage formats = stages.Begin("MessagePack against JSON");
                return (rows, await program.AskAsync<ClusterWire>(
                    "wire", [wire, $"--door={cluster.Silos[0].Plan.Door}", $"--traffic={market.Traffic}"], cancellation)
                    .ConfigureAwait(false));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A closed loop that finds the capacity, then an open one at a part of it.</summary>
    private async Task<ServeRow[]> MeasureAsync(
        HttpLoadGenerator load, Func<TimeSpan> processorTime, string what, IStages stages, CancellationToken cancellation)
    {
        TimeSpan whole = TimeSpan.FromSeconds(options.Market.Seconds), part = whole / 3;
        await WarmUpAsync(load, what, stages, cancellation).ConfigureAwait(false);
        MeasuredLoad full;
        using (stages.Begin($"{what}: capacity"))
            full = await CostOfAsync(() => load.RunClosedAsync(options.Market.Callers, part, cancellation)).ConfigureAwait(false);
        double capacity = Math.Max(1, full.Run.AcceptedPerSecond);
        using IStage stage = stages.Begin(Invariant($"{what}: {capacity * options.Market.Load:F0} requests a second"));
        MeasuredLoad sustained = await CostOfAsync(() => load.RunOpenAsync(capacity * options.Market.Load, whole, stage, cancellation))
            .ConfigureAwait(false);
        return [ServeRow.Of("/" + Route, "closed", full), ServeRow.Of("/" + Route, "open", sustained)];

        async Task<MeasuredLoad> CostOfAsync(Func<Task<LoadRun>> run)
        {
            TimeSpan before = processorTime();
            LoadRun met = await run().ConfigureAwait(false);
            return new MeasuredLoad(met, processorTime() - before);
        }
    }

    /// <summary>Asks for as long as that makes it quicker: of more silos each gets fewer requests, and compiles later what it runs often.</summary>
    private async Task WarmUpAsync(HttpLoadGenerator load, string what, IStages stages, CancellationToken cancellation)
    {
        using IStage stage = stages.Begin($"{what}: warm up");
        double best = 0;
        for (int round = 0; round < options.WarmUpRounds; round++)
        {
            LoadRun run = await load.RunClosedAsync(options.Market.Callers, TimeSpan.FromSeconds(options.WarmUpSeconds), cancellation)
                .ConfigureAwait(false);
            stage.Report(Invariant($"{run.AcceptedPerSecond:F0} requests a second"));
            if (run.AcceptedPerSecond < best * LeastGain)
                return;
            best = Math.Max(best, run.AcceptedPerSecond);
        }
    }

    private async Task<ClusterEvents[]> EventsAsync(IStages stages, CancellationToken cancellation)
    {
        var events = new List<ClusterEvents>();
        foreach ((int campaigns, int callers) in options.Events)
        {
            using IStage stage = stages.Begin(Invariant($"Events of {campaigns} campaign(s)"));
            DirectoryInfo folder = Directory.CreateTempSubdirectory("recall-bench-");
            try
            {
                LocalRedis redis = await LocalRedis.StartAsync(folder.FullName, _lines.Keep, cancellation).ConfigureAwait(false);
                await using (redis.ConfigureAwait(false))
                {
                    events.Add(await program.AskHostAsync<ClusterEvents>(
                        "events", redis.Address,
                        [
                            Invariant($"--campaigns={campaigns}"), Invariant($"--callers={callers}"),
                            Invariant($"--seconds={options.EventSeconds}"),
                        ],
                        cancellation).ConfigureAwait(false));
                }
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }
        return [.. events];
    }

    private static TimeSpan ProcessorTimeOf(LocalCluster cluster)
    {
        TimeSpan sum = TimeSpan.Zero;
        foreach (SupervisedSilo silo in cluster.Silos)
        {
            using Process process = Process.GetProcessById(silo.ProcessId);
            sum += process.TotalProcessorTime;
        }
        return sum;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
