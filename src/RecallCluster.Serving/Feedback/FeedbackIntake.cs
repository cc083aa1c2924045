using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Feedback;

/// <summary>
/// Takes feedback: checks all events of a call, has each delivered to its campaign, counts what became of it and tells the gateway.
/// </summary>
public sealed class FeedbackIntake : IFeedback
{
    private const int MostSignals = 64;

    private readonly IEventDelivery _delivery;
    private readonly TimeProvider _clock;

    /// <param name="delivery">Takes events to their campaigns.</param>
    /// <param name="clock">The business clock.</param>
    public FeedbackIntake(IEventDelivery delivery, TimeProvider clock) => (_delivery, _clock) = (delivery, clock);

    /// <summary>
    /// Called when a win's charge is known (0 for one that was not shown), so that the gateway's wallet can free its reserve. On any
    /// thread, once the
    /// event is durable; never for an event that changed nothing.
    /// </summary>
    public event Action<Win, Micros>? Settled;

    /// <summary>
    /// Called when a win was shown, or turned out not to be: on any thread, once the user's memory counts the impression, and never for a
    /// repetition.
    /// </summary>
    public event Action<AdEvent>? Acknowledged;

    /// <summary>What was taken in since the process began.</summary>
    public FeedbackTally Tally { get; } = new();

    /// <inheritdoc/>
    /// <exception cref="InvalidRequestException">An event makes no sense; none was taken in.</exception>
    public async Task<IReadOnlyList<AdEventResult>> AcceptAsync(IReadOnlyList<AdEvent> events, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(events);
        for (int i = 0; i < events.Count; i++)
            Check(events[i], i);
        DateTimeOffset now = _clock.GetUtcNow();
        var results = new Task<AdEventResult>[events.Count];
        for (int i = 0; i < results.Length; i++)
            results[i] = AcceptAsync(events[i], now, cancellation);
        return await Task.WhenAll(results).ConfigureAwait(false);
    }

    /// <summary>Counts what became of an event and tells the gateway, where that is known only after the event was accepted, too.</summary>
    internal void Conclude(AdEvent happened, AdEventResult result)
    {
        Tally.Count(happened.Kind, in result);
        Telemetry.Charged(result.Charged);
        if (result.Outcome != LedgerOutcome.Applied)
            return;
        if (Charging.Settles(happened))
            Settled?.Invoke(happened.Win, result.Charged);
        if (Charging.Acknowledges(happened))
            Acknowledged?.Invoke(happened);
    }

    private static void Check(AdEvent happened, int index)
    {
        Win win = happened.Win;
        Require(Enum.IsDefined(happened.Kind), index, "kind", "is a known kind");
        Require(
            win.Price >= Micros.Zero && win.Price <= FeedbackEvent.MaxPrice && happened.ClearingPrice is not { Value: < 0 }, index, "price",
            $"is 0 to {FeedbackEvent.MaxPrice} units");
        Require(IsProbability(win.RawClickProbability) && IsProbability(win.ClickProbability), index, "clickProbability",
            "is between 0 and 1");
        Require(
            IsProbability(win.RawConversionProbability) && IsProbability(win.ConversionProbability), index, "conversionProbability",
                "is between 0 and 1");
        Require(happened.Signals is not { } signals || (signals.Count <= MostSignals && signals.All(double.IsFinite)), index, "signals",
            $"are at most {MostSignals} finite numbers");
    }

    private static bool IsProbability(double p) => p is >= 0 and <= 1;

    private static void Require(bool condition, int index, string field, string rule)
    {
        if (!condition)
            throw new InvalidRequestException($"events[{index}].{field}", rule);
    }

    private async Task<AdEventResult> AcceptAsync(AdEvent happened, DateTimeOffset now, CancellationToken cancellation)
    {
        AdEventResult result = await _delivery.DeliverAsync(happened, now, cancellation).ConfigureAwait(false);
        Conclude(happened, result);
        return result;
    }
}
