using System.Diagnostics.Metrics;

namespace RecallCluster.Grains;

/// <summary>Figures of the grains of this process, as meter "RecallCluster.Grains".</summary>
internal static class Telemetry
{
    private static readonly Meter Meter = new("RecallCluster.Grains");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "recall.grains.asks_failed", description: "Calls between grains that failed and are tried again later.");

    /// <summary>A call to another grain failed; it is tried again later.</summary>
    public static void AskFailed(Exception failure) => Failures.Add(1, new KeyValuePair<string, object?>("error", failure.GetType().Name));
}
