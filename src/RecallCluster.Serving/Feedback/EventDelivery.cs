using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Feedback;

/// <summary>
/// Takes each kind of event to where it counts, whatever hosts campaigns and counts; with a <see cref="Deferral"/>, whether that can be
/// reached now or not:
/// <code>
/// event ─► its campaign ──answers in time──► outcome
///             └─ cannot be reached, or not in time ─► written down ─► pending ─ ─ ► told again, by whoever reads what was written down
/// </code>
/// </summary>
/// <param name="deferral">What becomes of events that cannot be delivered now; null leaves them to the sender.</param>
internal abstract class EventDelivery(Deferral? deferral = null) : IEventDelivery
{
    private static readonly AdEventResult Pending = new(LedgerOutcome.Pending, default, default);

    /// <summary>
    /// Told what became of an event that was said to be pending, where its campaign answers after all; null for nobody. On any thread.
    /// </summary>
    public Action<AdEvent, AdEventResult>? CameLate { get; set; }

    /// <inheritdoc/>
    public async Task<AdEventResult> DeliverAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(happened);
        if (!Knows(happened.Win.CampaignId))
            return new AdEventResult(LedgerOutcome.UnknownCampaign, default, default);
        Task<AdEventResult> telling = TellAsync(happened, at, cancellation);
        if (deferral is null || telling.IsCompletedSuccessfully)
            return await telling.ConfigureAwait(false);
        try
        {
            return await telling.WaitAsync(deferral.Patience, deferral.Time, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            // It may have been applied all the same: a ledger knows an event that comes again.
            await deferral.Events.AppendAsync(happened, at, cancellation).ConfigureAwait(false);
            _ = ConcludeAsync(happened, telling);
            return Pending;
        }
    }

    /// <summary>Whether there is such a campaign, where that is known here; else whoever is asked will tell.</summary>
    protected virtual bool Knows(long campaign) => true;

    /// <summary>Takes what a user did after a click to the counts.</summary>
    /// <returns>Whether the click is remembered.</returns>
    protected abstract Task<bool> EngageAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation);

    /// <summary>Takes an impression, a click or a conversion to its campaign.</summary>
    protected abstract Task<AdEventResult> ChargeAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation);

    /// <summary>Takes it that a win was not shown: nothing durable changes, the reserve is the gateway's own.</summary>
    protected virtual Task<AdEventResult> LoseAsync(AdEvent happened, CancellationToken cancellation) =>
        Task.FromResult(new AdEventResult(LedgerOutcome.Applied, default, default));

    private async Task<AdEventResult> TellAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation)
    {
        switch (happened.Kind)
        {
            case AdEventKind.Loss:
                return await LoseAsync(happened, cancellation).ConfigureAwait(false);
            case AdEventKind.Engagement:
                bool isRemembered = await EngageAsync(happened, at, cancellation).ConfigureAwait(false);
                return new AdEventResult(isRemembered ? LedgerOutcome.Applied : LedgerOutcome.Late, default, default);
            default:
                return await ChargeAsync(happened, at, cancellation).ConfigureAwait(false);
        }
    }

    private async Task ConcludeAsync(AdEvent happened, Task<AdEventResult> telling)
    {
        // Where it fails, what was written down is told again.
        await ((Task)telling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (telling.IsCompletedSuccessfully)
            CameLate?.Invoke(happened, telling.Result);
    }
}

/// <summary>What becomes of events that cannot be delivered now.</summary>
/// <param name="Events">Where they are written down.</param>
/// <param name="Patience">How long a campaign is waited for. Longer: fewer events without an outcome; shorter: callers wait less.</param>
/// <param name="Time">The clock of the patience.</param>
internal sealed record Deferral(IDeferredEvents Events, TimeSpan Patience, TimeProvider Time);

/// <summary>Events that wait for their campaign. Thread-safe.</summary>
internal interface IDeferredEvents
{
    /// <summary>Writes one down. When the task completes it is durable and will be told to its campaign, once or more often.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="at">The business clock when it was told.</param>
    /// <param name="cancellation">The caller gave up; it may be written down.</param>
    /// <exception cref="IOException">It could not be made durable.</exception>
    Task AppendAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation);
}
