using System.CommandLine;
using RecallCluster.Cli.Benches;
using RecallCluster.Cli.Infrastructure;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall bench serve</c>.</summary>
internal static class BenchServeCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var defaults = new ServeBenchOptions { Work = "" };
        Option<string?> work = OptionKit.Optional("--work", "Folder of the market that is served; made where it is not there.", "DIR");
        Option<int> items = OptionKit.Number("--items", "Ads.", defaults.Items, 1_000, 10_000_000);
        Option<int> users = OptionKit.Number("--users", "Users.", defaults.Users, 100, 10_000_000);
        Option<int> campaigns = OptionKit.Number("--campaigns", "Campaigns.", defaults.Campaigns, 1, 100_000);
        Option<int> shards = OptionKit.Number("--shards", "Shards.", defaults.Shards, 1, 1_000);
        Option<int> scorings = OptionKit.Number("--scorings", "Most scorings of a request.", defaults.Scorings, 10);
        Option<double> recall = OptionKit.Real("--recall", "Relative recall that the search is tuned to.", defaults.Recall, 0.01, 1);
        Option<int> k = OptionKit.Number("--k", "Ads that the search is tuned for.", defaults.K, 1, 10_000);
        Option<double> train = OptionKit.Real(
            "--train-minutes", "Longest training of each model, when there is none yet.", defaults.TrainMinutes, 0.01, 1_000);
        Option<int> seconds = OptionKit.Number("--seconds", "Seconds of each sustained load.", defaults.Seconds, 1, 36_000);
        Option<double> load = OptionKit.Real("--load", "Sustained load relative to capacity.", defaults.Load, 0.01, 1);
        Option<double> overload = OptionKit.Real("--overload", "Overload relative to capacity.", defaults.Overload, 1, 100);
        Option<int> callers = OptionKit.Number("--in-flight", "Callers that find the capacity.", defaults.Callers, 1, 1_000);
        Option<int> threads = OptionKit.Threads();
        return builder.Build(
            "serve",
            "Requests a second and latency of a front door in a process of its own: native and OpenRTB, sustained and overloaded.",
            [work, items, users, campaigns, shards, scorings, recall, k, train, seconds, load, overload, callers, threads],
            async (parsed, context) =>
            {
                var options = new ServeBenchOptions
                {
                    Work = Path.GetFullPath(parsed.GetValue(work) ?? Path.Combine(DemoCommand.DefaultDirectory("bench-serve"))),
                    Items = parsed.GetValue(items),
                    Users = parsed.GetValue(users),
                    Campaigns = parsed.GetValue(campaigns),
                    Shards = parsed.GetValue(shards),
                    Scorings = parsed.GetValue(scorings),
                    Recall = parsed.GetValue(recall),
                    K = parsed.GetValue(k),
                    TrainMinutes = parsed.GetValue(train),
                    Seconds = parsed.GetValue(seconds),
                    Load = parsed.GetValue(load),
                    Overload = parsed.GetValue(overload),
                    Callers = parsed.GetValue(callers),
                    Threads = parsed.GetValue(threads),
                    Seed = context.Seed,
                };
                ServeBenchReport report = await context.Progress
                    .RunAsync(stages => Task.Run(
                        () => new ServeBench(options).RunAsync(stages, context.Cancellation), context.Cancellation))
                    .ConfigureAwait(false);
                context.Write(report, Draw);
            });
    }

    private static void Draw(IAnsiConsole console, ServeBenchReport report)
    {
        Table rows = Drawing.Table(
            $"{Drawing.Count(report.Items)} ads, {report.Shards} shards, {Drawing.Count(report.Campaigns)} campaigns, at most "
            + $"{Drawing.Count(report.Scorings)} scorings; load and door on the same processors",
            "route", "loop", "in flight>", "requests/s>", "p50 ms>", "p99 ms>", "p99.9 ms>", "rejected>", "errors>", "CPU ms>",
            "lag p99 ms>");
        foreach (ServeRow row in report.Rows)
        {
            rows.Row(
                row.Route, row.Loop, Drawing.Fixed(row.InFlight, 1), Drawing.Fixed(row.RequestsPerSecond, 0), Ms(row.P50Ms), Ms(row.P99Ms),
                Ms(row.P999Ms), Drawing.Count(row.Rejected), Drawing.Count(row.Errors), Drawing.Fixed(row.CpuMs, 2),
                Lag(row.LagP99Ms, row.IsValid));
        }
        console.Write(rows);
        Table overload = Drawing.Table(
            "Overload", "route", "offered/s>", "accepted/s>", "accepted p99 ms>", "sustained p99 ms>", "rejected>",
            "rejected p50 ms>", "rejected p99 ms>", "errors>",
            "lag p99 ms>");
        foreach (ServeOverload row in report.Overload)
        {
            overload.Row(
                row.Route, Drawing.Fixed(row.OfferedPerSecond, 0), Drawing.Fixed(row.AcceptedPerSecond, 0), Ms(row.AcceptedP99Ms),
                Ms(row.SustainedP99Ms), Drawing.Percent(row.RejectedShare), Ms(row.RejectedP50Ms), Ms(row.RejectedP99Ms),
                Drawing.Count(row.Errors), Lag(row.LagP99Ms, row.IsValid));
        }
        console.Write(overload);
        ServeRecall recall = report.Recall;
        console.WriteLine($"Recall relative to scoring every ad: held-out clicks {Drawing.Percent(recall.Clicks)}, the best by interest "
            + $"{Drawing.Percent(recall.TopOverlap)}; value of {recall.K} candidates {Drawing.Percent(recall.Value.Mean)}, "
            + $"of the winner {Drawing.Percent(recall.Winner.Mean)}.");
        Table stages = Drawing.Table("Where the door's time goes, one request at a time", "stage", "share>");
        foreach ((string stage, double share) in report.StageShares)
            stages.Row(stage, Drawing.Percent(share));
        console.Write(stages);
    }

    // A load that did not keep up with its own clock says nothing about the door.
    private static string Lag(double ms, bool isValid) => isValid ? Drawing.Fixed(ms, 1) : $"{Drawing.Fixed(ms, 1)} (invalid)";

    private static string Ms(double? value) => value is { } ms ? Drawing.Fixed(ms, 1) : "-";
}
