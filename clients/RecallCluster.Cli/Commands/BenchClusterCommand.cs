using System.CommandLine;
using RecallCluster.Cli.Benches;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows.Cluster;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall bench cluster</c>.</summary>
internal static class BenchClusterCommand
{
    public static Command Build(CommandBuilder builder)
    {
        Option<bool> quick = OptionKit.Switch("--quick", "A smaller market, fewer rows, shorter loads: under three minutes on two cores.");
        Option<string?> work = OptionKit.Optional("--work", "Folder of the market that is served; made where it is not there.", "DIR");
        return builder.Build(
            "cluster",
            "Silos on this machine beside the embedded edition: requests a second by silos and shards, calls of a shard beside bare calls, "
            + "MessagePack beside JSON, campaign events beside bare writes (cluster edition).",
            [quick, work],
            async (parsed, context) =>
            {
                var program = ClusterBenchProgram.Find();
                LocalRedis.Program();
                bool isQuick = parsed.GetValue(quick);
                string folder = Path.GetFullPath(
                    parsed.GetValue(work) ?? DemoCommand.DefaultDirectory(isQuick ? "bench-cluster-quick" : "bench-cluster"));
                ClusterBenchOptions options = isQuick
                    ? ClusterBenchOptions.Quick(folder, context.Seed)
                    : ClusterBenchOptions.Full(folder, context.Seed);
                ClusterBenchReport report = await context.Progress
                    .RunAsync(stages => Task.Run(
                        () => new ClusterBench(options, program).RunAsync(stages, context.Cancellation), context.Cancellation))
                    .ConfigureAwait(false);
                context.Write(report, Draw);
            });
    }

    internal static void Draw(IAnsiConsole console, ClusterBenchReport report)
    {
        Table rows = Drawing.Table(
            $"{Drawing.Count(report.Items)} ads, {Drawing.Count(report.Campaigns)} campaigns, at most {Drawing.Count(report.Scorings)} "
            + "scorings; load, silos and Redis on the same processors",
            "silos", "shards>", "loop", "requests/s>", "p50 ms>", "p99 ms>", "p99.9 ms>", "CPU ms>", "rejected>", "errors>",
            "requests/s over embedded>", "CPU over embedded>");
        foreach (ServeRow row in report.Embedded)
            Add("embedded", report.EmbeddedShards, row, "", "");
        foreach (ClusterRow row in report.Rows)
        {
            Add(
                Drawing.Count(row.Silos), row.Shards, row.Load, Drawing.Fixed(row.RequestsOverEmbedded),
                Drawing.Fixed(row.CpuOverEmbedded));
        }
        console.Write(rows);
        Table calls = Drawing.Table(
            "A gateway's call of a shard whose search is over at once, over a bare call of the same messages", "in flight>",
            "bare calls/s>",
            "gateway calls/s>", "bare p50 us>", "gateway p50 us>", "CPU ratio>", "time ratio>");
        foreach (ClusterCalls row in report.Calls)
        {
            calls.Row(
                Drawing.Count(row.InFlight), Drawing.Fixed(row.Bare.PerSecond, 0), Drawing.Fixed(row.Gateway.PerSecond, 0),
                Drawing.Fixed(row.Bare.P50Us, 0), Drawing.Fixed(row.Gateway.P50Us, 0), Drawing.Fixed(row.CostRatio),
                Drawing.Fixed(row.TimeRatio));
        }
        console.Write(calls);
        Table wire = Drawing.Table(
            "MessagePack beside JSON", "message", "JSON bytes>", "MessagePack bytes>", "ratio>", "JSON us>", "MessagePack us>");
        foreach (ClusterMessage message in report.Wire.Messages)
        {
            wire.Row(
                message.Message, Drawing.Fixed(message.JsonBytes, 0), Drawing.Fixed(message.MessagePackBytes, 0),
                Drawing.Fixed(message.BytesRatio), Microseconds(message.JsonUs), Microseconds(message.MessagePackUs));
        }
        console.Write(wire);
        Table events = Drawing.Table(
            "Campaign events, durable and told to calibration and the user", "campaigns>", "in flight>", "events/s>", "p50 ms>", "p99 ms>",
            "bare writes/s>", "writes an event>");
        foreach (ClusterEvents row in report.Events)
        {
            events.Row(
                Drawing.Count(row.Campaigns), Drawing.Count(row.InFlight), Drawing.Fixed(row.Events.PerSecond, 0),
                Drawing.Fixed(row.Events.P50Us / 1000, 1), Drawing.Fixed(row.Events.P99Us / 1000, 1),
                Drawing.Fixed(row.BareWrites.PerSecond, 0), Drawing.Fixed(row.WritesAnEvent, 1));
        }
        console.Write(events);

        void Add(string silos, int shards, ServeRow row, string requests, string cpu) => rows.Row(
            silos, Drawing.Count(shards), row.Loop, Drawing.Fixed(row.RequestsPerSecond, 0), Ms(row.P50Ms), Ms(row.P99Ms), Ms(row.P999Ms),
            Drawing.Fixed(row.CpuMs, 2), Drawing.Count(row.Rejected), Drawing.Count(row.Errors), requests, cpu);
    }

    private static string Ms(double? value) => value is { } ms ? Drawing.Fixed(ms, 1) : "-";

    private static string Microseconds(double? value) => value is { } us ? Drawing.Fixed(us, 1) : "-";
}
