namespace RecallCluster.Cli.Reports;

/// <summary>How long requests took, in milliseconds.</summary>
internal sealed record Latencies(double MeanMs, double P50Ms, double P90Ms, double P99Ms, double MaxMs)
{
    /// <summary>Of the times given, which it sorts; NaN throughout where there is none.</summary>
    public static Latencies Of(double[] milliseconds)
    {
        if (milliseconds.Length == 0)
            return new Latencies(double.NaN, double.NaN, double.NaN, double.NaN, double.NaN);
        Array.Sort(milliseconds);
        return new Latencies(
            milliseconds.Average(), Percentile(milliseconds, 0.5), Percentile(milliseconds, 0.9), Percentile(milliseconds, 0.99),
            milliseconds[^1]);
    }

    /// <summary>The nearest-rank percentile: the smallest value that at least that share of the values does not exceed.</summary>
    internal static double Percentile(double[] sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
}
