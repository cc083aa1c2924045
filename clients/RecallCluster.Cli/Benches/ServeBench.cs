using System.Text.Json;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// Speed of a front door that runs in a process of its own while this process sends the load, both on the same processors:
/// <code>
/// market (made once) ─► serve, its own process ◄── closed loop: capacity ─► open loop at 0.7 of it ─► open loop at 3 times it
/// </code>
/// </summary>
internal sealed class ServeBench(ServeBenchOptions options)
{
    private const string NativeRoute = "v1/ads", OpenRtbRoute = "openrtb/2.6/bid";
    private const int Bodies = 4_000, StageSamples = 300;

    // Until all code on a request's way is compiled as well as it will be, and the limits of admission have settled.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);

    public async Task<ServeBenchReport> RunAsync(IStages stages, CancellationToken cancellation)
    {
        var bench = new ServeMarket(options);
        TrafficWorld traffic = await Task.Run(() => bench.Prepare(stages, cancellation), cancellation)
            .ConfigureAwait(false);
        TrafficRequest[] requests = [.. traffic.Day(1).Take(Bodies)];
        var rows = new List<ServeRow>();
        var overload = new List<ServeOverload>();
        IReadOnlyDictionary<string, double> shares = new Dictionary<string, double>();
        var server = new ServerProcess(bench.ServeArguments());
        await using (server.ConfigureAwait(false))
        {
            using (stages.Begin("Open the front door"))
                await server.StartAsync(cancellation).ConfigureAwait(false);
            (string, byte[][])[] routes = [(NativeRoute, ServeBodies.Native(requests)), (OpenRtbRoute, ServeBodies.OpenRtb(requests))];
            foreach ((string route, byte[][] bodies) in routes)
            {
                using var load = new HttpLoadGenerator(server.Address, route, bodies);
                await MeasureAsync(server, load, "/" + route, rows, overload, stages, cancellation).ConfigureAwait(false);
                if (route == NativeRoute)
                    shares = StageShares(load);
            }
        }
        ServeRecall recall = await Task.Run(() => bench.Recall(stages, cancellation), cancellation).ConfigureAwait(false);
        return new ServeBenchReport(
            options.Items, options.Shards, options.Campaigns, options.Scorings, recall.Clicks, recall, [.. rows], [.. overload], shares);
    }

    private async Task MeasureAsync(
        ServerProcess server, HttpLoadGenerator load, string route, List<ServeRow> rows, List<ServeOverload> overload, IStages stages,
        CancellationToken cancellation)
    {
        TimeSpan whole = TimeSpan.FromSeconds(options.Seconds), part = TimeSpan.FromSeconds(Math.Max(2, options.Seconds / 4.0));
        using (stages.Begin($"{route}: warm up"))
            await load.RunClosedAsync(options.Callers, WarmUp < whole ? WarmUp : whole, cancellation).ConfigureAwait(false);
        MeasuredLoad full;
        using (stages.Begin($"{route}: capacity"))
            full = await CostOfAsync(server, () => load.RunClosedAsync(options.Callers, part, cancellation)).ConfigureAwait(false);
        double capacity = Math.Max(1, full.Run.AcceptedPerSecond);
        rows.Add(ServeRow.Of(route, "closed", full));
        MeasuredLoad sustained;
        using (IStage stage = stages.Begin($"{route}: {capacity * options.Load:F0} requests a second"))
        {
            sustained = await CostOfAsync(server, () => load.RunOpenAsync(capacity * options.Load, whole, stage, cancellation))
                .ConfigureAwait(false);
        }
        rows.Add(ServeRow.Of(route, "open", sustained));
        MeasuredLoad beyond;
        double offered = capacity * options.Overload;
        using (IStage stage = stages.Begin($"{route}: overload, {offered:F0} requests a second"))
            beyond = await CostOfAsync(server, () => load.RunOpenAsync(offered, part, stage, cancellation)).ConfigureAwait(false);
        overload.Add(ServeOverload.Of(route, beyond, sustained));
    }

    private static async Task<MeasuredLoad> CostOfAsync(ServerProcess server, Func<Task<LoadRun>> run)
    {
        TimeSpan before = server.ProcessorTime;
        LoadRun met = await run().ConfigureAwait(false);
        return new MeasuredLoad(met, server.ProcessorTime - before);
    }

    /// <summary>Where the door's own time goes, from the timings in its answers, one request at a time.</summary>
    private static Dictionary<string, double> StageShares(HttpLoadGenerator load)
    {
        var sums = new Dictionary<string, double>();
        for (int request = 0; request < StageSamples; request++)
        {
            if (load.Ask(request) is not { } answer)
                continue;
            using var document = JsonDocument.Parse(answer);
            foreach (JsonProperty stage in document.RootElement.GetProperty("timings").EnumerateObject())
                sums[stage.Name] = sums.GetValueOrDefault(stage.Name) + stage.Value.GetDouble();
        }
        double total = sums.GetValueOrDefault("totalMs");
        return sums.Where(stage => stage.Key != "totalMs" && total > 0)
            .ToDictionary(stage => stage.Key.Replace("Ms", "", StringComparison.Ordinal), stage => stage.Value / total);
    }
}
