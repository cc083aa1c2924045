using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Campaigns;

/// <summary>Commands to campaigns of a journal, and to those that follow.</summary>
internal sealed class JournalCampaigns(IJournal journal) : ICampaignSender
{
    /// <inheritdoc/>
    public async Task<TAnswer> SendAsync<TAnswer>(long campaign, CampaignCommand command, CancellationToken cancellation) =>
        (TAnswer)(await journal.AppendAsync(
            CampaignDirectory.KeyOf(campaign), command.Write(),
            EventFollowers.Of(command, CalibrationCountsFamily.KeyOf, UserMemories.KeyOf), cancellation).ConfigureAwait(false))!;
}
