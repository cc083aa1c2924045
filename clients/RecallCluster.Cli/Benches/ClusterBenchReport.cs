namespace RecallCluster.Cli.Benches;

/// <summary>What <c>bench cluster</c> measured. Latencies in milliseconds, from the moment at which a request was due.</summary>
/// <param name="Items">Ads.</param>
/// <param name="Campaigns">Campaigns.</param>
/// <param name="Scorings">Most scorings of a request, over all shards.</param>
/// <param name="Embedded">The embedded edition on the same market in the same run.</param>
/// <param name="EmbeddedShards">Its shards.</param>
/// <param name="Rows">The cluster.</param>
/// <param name="Calls">A gateway's call of a shard against a bare call of the same messages.</param>
/// <param name="Wire">MessagePack against JSON.</param>
/// <param name="Events">Campaign events.</param>
internal sealed record ClusterBenchReport(
    int Items, int Campaigns, int Scorings, ServeRow[] Embedded, int EmbeddedShards, ClusterRow[] Rows, ClusterCalls[] Calls,
    ClusterWire Wire, ClusterEvents[] Events);

/// <summary>A sustained load on a cluster.</summary>
/// <param name="Silos">Silos, each with a front door.</param>
/// <param name="Shards">Shards, each with as many replicas as there are silos, at most two.</param>
/// <param name="Load">The load; processor time is that of all silos.</param>
/// <param name="RequestsOverEmbedded">Requests a second over the embedded edition's in the same loop.</param>
/// <param name="P99OverEmbedded">The same of the 99th percentile.</param>
/// <param name="CpuOverEmbedded">The same of the processor time of a request.</param>
internal sealed record ClusterRow(
    int Silos, int Shards, ServeRow Load, double RequestsOverEmbedded, double? P99OverEmbedded, double CpuOverEmbedded)
{
    public static ClusterRow Of(int silos, int shards, ServeRow load, ServeRow embedded) => new(
        silos, shards, load, load.RequestsPerSecond / embedded.RequestsPerSecond, load.P99Ms / embedded.P99Ms, load.CpuMs / embedded.CpuMs);
}

/// <summary>Calls in a closed loop.</summary>
/// <param name="PerSecond">Calls a second.</param>
/// <param name="P50Us">Median time of a call, microseconds.</param>
/// <param name="P99Us">99th percentile.</param>
/// <param name="CpuUs">Processor time of both processes for a call.</param>
internal sealed record ClusterRate(double PerSecond, double P50Us, double P99Us, double CpuUs);

/// <summary>A gateway's call of a shard elsewhere, whose search is over at once, against a bare call of the same messages.</summary>
/// <param name="InFlight">Callers.</param>
/// <param name="Bare">The bare call.</param>
/// <param name="Gateway">The gateway's.</param>
/// <param name="CostRatio">Processor time of the one over the other; median of rounds that took turns.</param>
/// <param name="TimeRatio">The same of the median time of a call.</param>
/// <param name="RateRatio">Bare calls a second over the gateway's.</param>
internal sealed record ClusterCalls(
    int InFlight, ClusterRate Bare, ClusterRate Gateway, double CostRatio, double TimeRatio, double RateRatio);

/// <summary>MessagePack against JSON.</summary>
/// <param name="Messages">Single messages.</param>
/// <param name="Door">Requests for ads to a front door.</param>
internal sealed record ClusterWire(ClusterMessage[] Messages, ClusterDoor? Door);

/// <summary>One message in both formats.</summary>
/// <param name="Message">What it is.</param>
/// <param name="JsonBytes">Its length in JSON.</param>
/// <param name="MessagePackBytes">Its length in MessagePack.</param>
/// <param name="BytesRatio">MessagePack's over JSON's.</param>
/// <param name="JsonUs">Time to write and read it in JSON, microseconds; null where it was not measured.</param>
/// <param name="MessagePackUs">The same in MessagePack.</param>
/// <param name="TimeRatio">MessagePack's over JSON's.</param>
internal sealed record ClusterMessage(
    string Message, double JsonBytes, double MessagePackBytes, double BytesRatio, double? JsonUs, double? MessagePackUs, double? TimeRatio);

/// <summary>Requests for ads in both formats, one at a time, in turns.</summary>
/// <param name="JsonMs">Median time of a request in JSON, milliseconds.</param>
/// <param name="MessagePackMs">The same in MessagePack.</param>
/// <param name="TimeRatio">MessagePack's over JSON's.</param>
/// <param name="Requests">Requests in each format.</param>
internal sealed record ClusterDoor(double JsonMs, double MessagePackMs, double TimeRatio, int Requests);

/// <summary>Impressions that campaigns' grains acknowledged, durable in Redis and told to calibration and the user.</summary>
/// <param name="Campaigns">Campaigns.</param>
/// <param name="InFlight">Callers.</param>
/// <param name="Events">The events.</param>
/// <param name="BareWrites">Durable appends to lists in the same Redis, by as many callers.</param>
/// <param name="WritesAnEvent">Bare writes a second over events a second.</param>
internal sealed record ClusterEvents(int Campaigns, int InFlight, ClusterRate Events, ClusterRate BareWrites, double WritesAnEvent);
