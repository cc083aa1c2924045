using System.Diagnostics.Metrics;

namespace RecallCluster.Http;

/// <summary>What the door counts.</summary>
public static class DoorTelemetry
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "RecallCluster.Http";

    private static readonly Meter Meter = new(Name);

    internal static readonly Counter<long> Refused =
        Meter.CreateCounter<long>("recall.http.refused", "{request}", "Requests without a key of the right role.");

    internal static readonly Counter<long> RateLimited =
        Meter.CreateCounter<long>("recall.http.rate_limited", "{request}", "Requests beyond their key's rate.");

    internal static readonly Counter<long> Shed =
        Meter.CreateCounter<long>("recall.http.shed", "{request}", "Requests turned away because of overload.");

    internal static readonly UpDownCounter<int> InFlight =
        Meter.CreateUpDownCounter<int>("recall.http.in_flight", "{request}", "Costly requests being worked on.");

    internal static readonly Gauge<int> Limit =
        Meter.CreateGauge<int>("recall.http.in_flight.limit", "{request}", "How many may be worked on at once, as of now.");

    internal static readonly Histogram<double> Work =
        Meter.CreateHistogram<double>("recall.http.work.duration", "s", "Time of admitted requests, from their admission to the answer.");

    internal static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "recall.http.duration", "s", "Time of admitted requests, from the door to the answer: the wait for admission is in it.");

    internal static readonly Counter<long> Tokens =
        Meter.CreateCounter<long>("recall.http.tokens", "{token}", "Tracking tokens that came in, by what reading them gave.");

    internal static readonly Counter<long> Events =
        Meter.CreateCounter<long>("recall.http.events", "{event}", "Events taken, by kind and outcome.");

    internal static readonly Counter<long> EventsLost =
        Meter.CreateCounter<long>("recall.http.events.unrecorded", "{event}", "Clicks that were redirected but could not be recorded.");

    internal static readonly Counter<long> Bids =
        Meter.CreateCounter<long>("recall.http.openrtb.bids", "{bid}", "Bids made over OpenRTB.");

    internal static readonly Counter<long> NoBids =
        Meter.CreateCounter<long>("recall.http.openrtb.no_bids", "{request}", "OpenRTB requests without a bid, by reason.");

    internal static readonly Counter<long> WinNotices =
        Meter.CreateCounter<long>("recall.http.openrtb.win_notices", "{notice}", "Win notices (nurl).");
}
