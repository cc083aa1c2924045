using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Feedback;

/// <summary>
/// Events to the machines of a journal: one record an event, addressed to its campaign, followed by the user's memory and calibration's
/// counts, which change only when the campaign's ledger applied it.
/// </summary>
internal sealed class JournalDelivery(CampaignDirectory campaigns, CampaignCommands commands, IJournal journal) : IEventDelivery
{
    private static readonly AdEventResult Unknown = new(LedgerOutcome.UnknownCampaign, default, default);

    /// <inheritdoc/>
    public Task<AdEventResult> DeliverAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation) =>
        campaigns.NumberOf(happened.Win.CampaignId) < 0 ? Task.FromResult(Unknown) : happened.Kind switch
        {
            // Nothing durable changes: the reserve is the gateway's own.
            AdEventKind.Loss => Task.FromResult(new AdEventResult(LedgerOutcome.Applied, default, default)),
            AdEventKind.Engagement => EngageAsync(happened, at, cancellation),
            _ => commands.AcceptAsync(happened, at, cancellation),
        };

    private async Task<AdEventResult> EngageAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation)
    {
        object? known = await journal.AppendAsync(CalibrationCountsFamily.KeyOf(happened.Win.CampaignId),
            new EngagementCommand(at, happened).Write(), [], cancellation).ConfigureAwait(false);
        return new AdEventResult(known is true ? LedgerOutcome.Applied : LedgerOutcome.Late, default, default);
    }
}
