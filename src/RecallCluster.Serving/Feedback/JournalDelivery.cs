using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Feedback;

/// <summary>
/// Events to the machines of a journal: one record an event, addressed to its campaign, followed by the user's memory and calibration's
/// counts, which change only when the campaign's ledger applied it.
/// </summary>
internal sealed class JournalDelivery(CampaignDirectory campaigns, CampaignCommands commands, IJournal journal) : EventDelivery
{
    /// <inheritdoc/>
    protected override bool Knows(long campaign) => campaigns.NumberOf(campaign) >= 0;

    /// <inheritdoc/>
    protected override async Task<bool> EngageAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation) =>
        await journal.AppendAsync(CalibrationCountsFamily.KeyOf(happened.Win.CampaignId), new EngagementCommand(at, happened).Write(), [],
            cancellation).ConfigureAwait(false) is true;

    /// <inheritdoc/>
    protected override Task<AdEventResult> ChargeAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation) =>
        commands.AcceptAsync(happened, at, cancellation);
}
