using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Feedback;

/// <summary>Takes each kind of event to where it counts, whatever hosts campaigns and counts.</summary>
internal abstract class EventDelivery : IEventDelivery
{
    /// <inheritdoc/>
    public async Task<AdEventResult> DeliverAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(happened);
        if (!Knows(happened.Win.CampaignId))
            return new AdEventResult(LedgerOutcome.UnknownCampaign, default, default);
        switch (happened.Kind)
        {
            case AdEventKind.Loss:
                // Nothing durable changes: the reserve is the gateway's own.
                return new AdEventResult(LedgerOutcome.Applied, default, default);
            case AdEventKind.Engagement:
                bool isRemembered = await EngageAsync(happened, at, cancellation).ConfigureAwait(false);
                return new AdEventResult(isRemembered ? LedgerOutcome.Applied : LedgerOutcome.Late, default, default);
            default:
                return await ChargeAsync(happened, at, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Whether there is such a campaign, where that is known here; else whoever is asked will tell.</summary>
    protected virtual bool Knows(long campaign) => true;

    /// <summary>Takes what a user did after a click to the counts.</summary>
    /// <returns>Whether the click is remembered.</returns>
    protected abstract Task<bool> EngageAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation);

    /// <summary>Takes an impression, a click or a conversion to its campaign.</summary>
    protected abstract Task<AdEventResult> ChargeAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation);
}
