using System.Diagnostics.Metrics;
using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Feedback;

namespace RecallCluster.Grains;

/// <summary>Figures of the grains of this process, as meter "RecallCluster.Grains".</summary>
internal static class Telemetry
{
    private static readonly Meter Meter = new("RecallCluster.Grains");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "recall.grains.asks_failed", description: "Calls between grains that failed and are tried again later.");

    private static readonly Counter<long> MachinesRefused = Meter.CreateCounter<long>(
        "recall.grains.machines_refused", description: "Attempts to open a machine whose stored state this program cannot read, by kind.");

    private static readonly Counter<long> UsersUnreachable = Meter.CreateCounter<long>(
        "recall.users.unreachable", "{request}", "Requests that were answered without what is known of their user, caps included.");

    private static readonly Counter<long> EventsDeferred = Meter.CreateCounter<long>(
        "recall.feedback.deferred", "{event}", "Events that were accepted while their campaign could not be told.");

    private static readonly Counter<long> EventsDelivered = Meter.CreateCounter<long>(
        "recall.feedback.delivered", "{event}", "Events from the stream that a campaign was told, by outcome.");

    private static readonly Counter<long> EventsParked = Meter.CreateCounter<long>(
        "recall.feedback.parked", "{event}", "Events from the stream that no campaign takes.");

    private static readonly Gauge<long> EventsWaiting = Meter.CreateGauge<long>(
        "recall.feedback.stream.waiting", "{event}", "Events in the stream that no campaign has taken yet.");

    private static readonly Gauge<long> EventsPutAside = Meter.CreateGauge<long>(
        "recall.feedback.stream.parked", "{event}", "Events that are kept parked.");

    /// <summary>A call to another grain failed; it is tried again later.</summary>
    public static void AskFailed(Exception failure) => Failures.Add(1, new KeyValuePair<string, object?>("error", failure.GetType().Name));

    /// <summary>A machine was not opened, because what is stored of it cannot be read.</summary>
    public static void MachineRefused(string key)
    {
        int slash = key.IndexOf('/', StringComparison.Ordinal);
        MachinesRefused.Add(1, new KeyValuePair<string, object?>("kind", slash < 0 ? key : key[..slash]));
    }

    /// <summary>A user could not be asked for in time.</summary>
    public static void UserUnreachable() => UsersUnreachable.Add(1);

    /// <summary>An event was written down for later.</summary>
    public static void Deferred() => EventsDeferred.Add(1);

    /// <summary>A campaign was told an event from the stream.</summary>
    public static void Delivered(LedgerOutcome outcome) => EventsDelivered.Add(
        1, new KeyValuePair<string, object?>("outcome", JsonNamingPolicy.CamelCase.ConvertName(outcome.ToString())));

    /// <summary>An event from the stream was parked.</summary>
    public static void Parked() => EventsParked.Add(1);

    /// <summary>How it stands with the stream.</summary>
    public static void Stream(FeedbackStoreStatus status)
    {
        EventsWaiting.Record(status.Waiting);
        EventsPutAside.Record(status.Parked);
    }
}
