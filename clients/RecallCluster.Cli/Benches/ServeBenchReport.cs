using RecallCluster.Learning.Evaluation;

namespace RecallCluster.Cli.Benches;

/// <summary>What <c>bench serve</c> measured. Latencies in milliseconds, from the moment at which a request was due.</summary>
/// <param name="Items">Ads.</param>
/// <param name="Shards">Shards.</param>
/// <param name="Campaigns">Campaigns.</param>
/// <param name="Scorings">Most scorings of a request, over all shards.</param>
/// <param name="RelativeRecall">Recall of held-out clicks over that of scoring every ad: <see cref="ServeRecall.Clicks"/>.</param>
/// <param name="Recall">That, and other ways to look at it.</param>
/// <param name="Rows">Sustained loads.</param>
/// <param name="Overload">Loads beyond capacity.</param>
/// <param name="StageShares">Where the door's own time goes.</param>
internal sealed record ServeBenchReport(
    int Items, int Shards, int Campaigns, int Scorings, double RelativeRecall, ServeRecall Recall, ServeRow[] Rows,
    ServeOverload[] Overload, IReadOnlyDictionary<string, double> StageShares);

/// <summary>Recall of the served search relative to scoring every ad with the same model.</summary>
/// <param name="Clicks">
/// Held-out clicks of test users among the K ads of highest interest that the search finds, over those among the K best of all ads.
/// </param>
/// <param name="TopOverlap">Share of the K ads of highest interest that it finds, for the same users.</param>
/// <param name="Value">
/// Expected value of the candidates that come back, at most two of each campaign, over that of the best ones there are: what an auction has
/// to choose from.
/// </param>
/// <param name="Winner">The same of the one ad that wins.</param>
/// <param name="K">Candidates.</param>
internal sealed record ServeRecall(double Clicks, double TopOverlap, MeanInterval Value, MeanInterval Winner, int K);

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
/// <param name="CpuMs">Processor time of the door for each request, in milliseconds.</param>
/// <param name="LagP99Ms">How late the load process itself sent, 99th percentile; it is part of the latencies.</param>
/// <param name="IsValid">Whether that is so little that the figures are the door's.</param>
internal sealed record ServeRow(
    string Route, string Loop, double InFlight, double RequestsPerSecond, double? P50Ms, double? P99Ms, double? P999Ms, int Rejected,
    int Errors, double CpuMs, double LagP99Ms, bool IsValid)
{
    public static ServeRow Of(string route, string loop, MeasuredLoad load) => new(
        route, loop, load.Run.MeanInFlight, load.Run.AcceptedPerSecond, load.Run.AcceptedMs(0.5), load.Run.AcceptedMs(0.99),
        load.Run.AcceptedMs(0.999), load.Run.Rejected.Length, load.Run.Errors, load.CpuMs, load.Run.LagMs(0.99), load.IsValid);
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
/// <param name="LagP99Ms">How late the load process itself sent, 99th percentile; it is part of the latencies.</param>
/// <param name="IsValid">Whether that is so little that the figures are the door's.</param>
internal sealed record ServeOverload(
    string Route, double OfferedPerSecond, double AcceptedPerSecond, double? AcceptedP99Ms, double? SustainedP99Ms, double RejectedShare,
    double? RejectedP50Ms, double? RejectedP99Ms, int Errors, double LagP99Ms, bool IsValid)
{
    public static ServeOverload Of(string route, MeasuredLoad beyond, MeasuredLoad sustained) => new(
        route, beyond.Run.Sent / beyond.Run.Seconds, beyond.Run.AcceptedPerSecond, beyond.Run.AcceptedMs(0.99),
        sustained.Run.AcceptedMs(0.99),
        (double)beyond.Run.Rejected.Length / beyond.Run.Sent, beyond.Run.RejectedMs(0.5), beyond.Run.RejectedMs(0.99), beyond.Run.Errors,
        beyond.Run.LagMs(0.99), beyond.IsValid);
}

/// <summary>A load and what it cost the door.</summary>
/// <param name="Run">What the load met.</param>
/// <param name="Cpu">Processor time of the door meanwhile.</param>
internal sealed record MeasuredLoad(LoadRun Run, TimeSpan Cpu)
{
    private const double MostLagMs = 5;

    public double CpuMs => Cpu.TotalMilliseconds / Math.Max(1, Run.Sent);

    /// <summary>Whether the load process kept up with its own clock.</summary>
    public bool IsValid => Run.LagMs(0.99) <= MostLagMs;
}
