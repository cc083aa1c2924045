using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Feedback;

/// <summary>What can happen to a delivered ad.</summary>
public enum AdEventKind
{
    /// <summary>It was shown. In somebody else's auction this is the notice that is billed.</summary>
    Impression,

    /// <summary>It was clicked.</summary>
    Click,

    /// <summary>The click led to what the advertiser wants.</summary>
    Conversion,

    /// <summary>What the user did after the click: signals that foretell a conversion.</summary>
    Engagement,

    /// <summary>It was not shown after all: its reserve is free.</summary>
    Loss,
}

/// <summary>One thing that happened to a delivered ad.</summary>
/// <param name="Kind">What.</param>
/// <param name="Win">The delivery that it belongs to.</param>
public sealed record AdEvent(AdEventKind Kind, Win Win)
{
    /// <summary>
    /// Tells events of one win and kind apart, such as two conversions; a repetition carries the same. 0 where there can be but one.
    /// </summary>
    public ulong Number { get; init; }

    /// <summary>What somebody else's auction charges for one impression; null for ours. More than the win's price is cut to it.</summary>
    public Micros? ClearingPrice { get; init; }

    /// <summary>Signals of an engagement (dwell seconds, pages, cart adds, ...).</summary>
    public IReadOnlyList<double>? Signals { get; init; }
}

/// <summary>What became of an event.</summary>
/// <param name="Outcome">Whether it was applied, or why not. A repetition is no error.</param>
/// <param name="Charged">What it cost.</param>
/// <param name="Free">The part of its price that no budget was left for.</param>
public readonly record struct AdEventResult(LedgerOutcome Outcome, Micros Charged, Micros Free);

/// <summary>Takes events, one at a time and checked, to where they count. Thread-safe.</summary>
public interface IEventDelivery
{
    /// <summary>
    /// Takes one event. When the task completes it is durable, applied once whatever happens later; one that is
    /// <see cref="LedgerOutcome.Pending"/> waits for its campaign, which cannot be told now.
    /// </summary>
    /// <param name="happened">The event; its numbers make sense.</param>
    /// <param name="at">The business clock when it was told.</param>
    /// <param name="cancellation">The caller gave up; the event may be applied.</param>
    /// <exception cref="IOException">It could not be made durable and was not applied; send it again.</exception>
    Task<AdEventResult> DeliverAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation);
}

/// <summary>Takes feedback. Thread-safe.</summary>
public interface IFeedback
{
    /// <summary>Takes events. When the task completes they are durable, each applied once whatever happens later.</summary>
    /// <returns>What became of each.</returns>
    /// <exception cref="IOException">They could not be made durable and were not applied; send them again.</exception>
    Task<IReadOnlyList<AdEventResult>> AcceptAsync(IReadOnlyList<AdEvent> events, CancellationToken cancellation);
}
