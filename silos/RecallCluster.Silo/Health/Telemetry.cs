using System.Diagnostics.Metrics;

namespace RecallCluster.Silo.Health;

/// <summary>Figures of this process as a part of its cluster, as meter "RecallCluster.Silo".</summary>
internal static class Telemetry
{
    private static readonly Meter Meter = new("RecallCluster.Silo");

    private static readonly Gauge<int> PartsMissing = Meter.CreateGauge<int>(
        "recall.silo.missing", description: "1 for a part that is not ready, 0 for one that is, by part: drain, gateway, market, "
            + "membership, store.");

    private static readonly Gauge<int> SilosAlive = Meter.CreateGauge<int>(
        "recall.silo.members", "{silo}", "Silos that are alive, as this process sees the cluster.");

    /// <summary>How it stands with a part.</summary>
    public static void Part(string name, bool isMissing) =>
        PartsMissing.Record(isMissing ? 1 : 0, new KeyValuePair<string, object?>("part", name));

    /// <summary>How many silos there are.</summary>
    public static void Members(int silos) => SilosAlive.Record(silos);
}
