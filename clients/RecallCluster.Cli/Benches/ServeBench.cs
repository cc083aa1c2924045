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
    private const int Bodies = 4_000, WarmUpSeconds = 4, StageSamples = 300;

    public async Task<ServeBenchReport> RunAsync(IStages stages, CancellationToken cancellation)
    {
        var bench = new ServeMarket(options);
        (TrafficWorld traffic, double recall) = await Task.Run(() => bench.Prepare(stages, cancellation), cancellation)
            .ConfigureAwait(false);
        TrafficRequest[] requests = [.. traffic.Day(1).Take(Bodies)];
        var server = new ServerProcess(bench.ServeArguments());
        await using (server.ConfigureAwait(false))
        {
            using (stages.Begin("Open the front door"))
                await server.StartAsync(cancellation).ConfigureAwait(false);
            var rows = new List<ServeRow>();
            var overload = new List<ServeOverload>();
            IReadOnlyDictionary<string, double> shares = new Dictionary<string, double>();
            foreach ((string route, byte[][] bodies) in new[] { (NativeRoute, ServeBodies.Native(requests)), (OpenRtbRoute, ServeBodies.OpenRtb(requests)) })
            {
                using var load = new HttpLoadGenerator(server.Address, route, bodies);
                await MeasureAsync(load, "/" + route, rows, overload, stages, cancellation).ConfigureAwait(false);
                if (route == NativeRoute)
                    shares = await StageSharesAsync(load, cancellation).ConfigureAwait(false);
            }
            return new ServeBenchReport(
                options.Items, options.Shards, options.Campaigns, options.Scorings, recall, [.. rows], [.. overload], shares);
        }
    }

    private async Task MeasureAsync(
        HttpLoadGenerator load, string route, List<ServeRow> rows, List<ServeOverload> overload, IStages stages, CancellationToken cancellation)
    {
        LoadRun full;
        using (stages.Begin($"{route}: capacity"))
        {
            await load.RunClosedAsync(options.Callers, TimeSpan.FromSeconds(WarmUpSeconds), cancellation).ConfigureAwait(false);
            full = await load.RunClosedAsync(options.Callers, TimeSpan.FromSeconds(Math.Max(2, options.Seconds / 4.0)), cancellation)
                .ConfigureAwait(false);
        }
        double capacity = Math.Max(1, full.AcceptedPerSecond);
        rows.Add(ServeRow.Of(route, "closed", full));
        LoadRun sustained;
        using (IStage stage = stages.Begin($"{route}: {capacity * options.Load:F0} requests a second"))
            sustained = await load.RunOpenAsync(capacity * options.Load, TimeSpan.FromSeconds(options.Seconds), stage, cancellation)
                .ConfigureAwait(false);
        rows.Add(ServeRow.Of(route, "open", sustained));
        LoadRun beyond;
        double offered = capacity * options.Overload;
        using (IStage stage = stages.Begin($"{route}: overload, {offered:F0} requests a second"))
            beyond = await load.RunOpenAsync(offered, TimeSpan.FromSeconds(Math.Max(2, options.Seconds / 4.0)), stage, cancellation)
                .ConfigureAwait(false);
        overload.Add(new ServeOverload(
            route, beyond.Sent / beyond.Seconds, beyond.AcceptedPerSecond, beyond.AcceptedMs(0.99), sustained.AcceptedMs(0.99),
            (double)beyond.Rejected.Length / beyond.Sent, beyond.RejectedMs(0.5), beyond.RejectedMs(0.99), beyond.Errors));
    }

    /// <summary>Where the door's own time goes, from the timings in its answers, one request at a time.</summary>
    private static async Task<IReadOnlyDictionary<string, double>> StageSharesAsync(HttpLoadGenerator load, CancellationToken cancellation)
    {
        var sums = new Dictionary<string, double>();
        for (int request = 0; request < StageSamples; request++)
        {
            if (await load.AskAsync(request, cancellation).ConfigureAwait(false) is not { } answer)
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
