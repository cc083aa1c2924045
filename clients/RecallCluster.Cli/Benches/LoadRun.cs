using RecallCluster.Cli.Reports;

namespace RecallCluster.Cli.Benches;

/// <summary>What a load met. Latencies are in milliseconds, ascending, counted from the moment at which each request was due.</summary>
/// <param name="Sent">Requests sent.</param>
/// <param name="Seconds">From the first request to the last answer.</param>
/// <param name="MeanInFlight">Requests under way, on average over time.</param>
/// <param name="Accepted">Latencies of the requests that were answered.</param>
/// <param name="Rejected">Latencies of those that were turned away with 429 or 503.</param>
/// <param name="Lags">How long after it was due each request was sent: the load process's own doing.</param>
/// <param name="Errors">Requests that failed otherwise.</param>
/// <param name="FirstError">The first of these, or null.</param>
internal sealed record LoadRun(
    int Sent, double Seconds, double MeanInFlight, double[] Accepted, double[] Rejected, double[] Lags, int Errors, string? FirstError)
{
    public double AcceptedPerSecond => Accepted.Length / Seconds;

    /// <summary>A percentile of the accepted requests; null where there is none.</summary>
    public double? AcceptedMs(double share) => Percentile(Accepted, share);

    /// <summary>A percentile of the rejected requests; null where there is none.</summary>
    public double? RejectedMs(double share) => Percentile(Rejected, share);

    /// <summary>A percentile of the load's own lag.</summary>
    public double LagMs(double share) => Percentile(Lags, share) ?? 0;

    private static double? Percentile(double[] sorted, double share) => sorted.Length == 0 ? null : Latencies.Percentile(sorted, share);
}
