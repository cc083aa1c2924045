namespace RecallCluster.Cli.Benches;

/// <summary>What <c>bench serve</c> measured. Latencies in milliseconds, from the moment at which a request was due.</summary>
internal sealed record ServeBenchReport(
    int Items, int Shards, int Campaigns, int Scorings, double RelativeRecall, ServeRow[] Rows, ServeOverload[] Overload,
    IReadOnlyDictionary<string, double> StageShares);

/// <summary>A sustained load.</summary>
/// <param name="Route">The route.</param>
/// <param name="Loop">"closed" where callers wait for their answers, "open" where requests leave by the clock.</param>
/// <param name="InFlight">Requests under way, on average.</param>
/// <param name="RequestsPerSecond">Requests answered a second.</param>
/// <param name="P50Ms">Median latency.</param>
/// <param name="P99Ms">99th percentile.</param>
/// <param name="P999Ms">99.9th percentile.</param>
/// <param name="Rejected">Requests turned away.</param>
/// <param name="Errors">Requests that failed.</param>
internal sealed record ServeRow(
    string Route, string Loop, double InFlight, double RequestsPerSecond, double? P50Ms, double? P99Ms, double? P999Ms, int Rejected, int Errors)
{
    public static ServeRow Of(string route, string loop, LoadRun run) => new(
        route, loop, run.MeanInFlight, run.AcceptedPerSecond, run.AcceptedMs(0.5), run.AcceptedMs(0.99), run.AcceptedMs(0.999),
        run.Rejected.Length, run.Errors);
}

/// <summary>A load beyond capacity.</summary>
/// <param name="Route">The route.</param>
/// <param name="OfferedPerSecond">Requests sent a second.</param>
/// <param name="AcceptedPerSecond">Requests answered a second.</param>
/// <param name="AcceptedP99Ms">99th percentile of those.</param>
/// <param name="SustainedP99Ms">The same under the load that the door can carry.</param>
/// <param name="RejectedShare">Share of the requests that were turned away.</param>
/// <param name="RejectedP50Ms">How long that took, median.</param>
/// <param name="RejectedP99Ms">99th percentile.</param>
/// <param name="Errors">Requests that failed otherwise.</param>
internal sealed record ServeOverload(
    string Route, double OfferedPerSecond, double AcceptedPerSecond, double? AcceptedP99Ms, double? SustainedP99Ms, double RejectedShare,
    double? RejectedP50Ms, double? RejectedP99Ms, int Errors);
