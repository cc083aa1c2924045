using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Campaigns;

/// <summary>Commands to campaigns of a journal; what happened to an ad concerns others, too: the counts, the user's
/// memory, the experiments that it was won under.</summary>
internal sealed class JournalCampaigns(IJournal journal) : ICampaignSender
{
    /// <inheritdoc/>
    public async Task<TAnswer> SendAsync<TAnswer>(long campaign, CampaignCommand command, CancellationToken cancellation) =>
        (TAnswer)(await journal.AppendAsync(CampaignDirectory.KeyOf(campaign), command.Write(), FollowersOf(command),
            cancellation).ConfigureAwait(false))!;

    private static string[] FollowersOf(CampaignCommand command)
    {
        if (command is not EventCommand { Event.Win: var win })
            return [];
        string counts = CalibrationCountsFamily.KeyOf(win.CampaignId);
        return string.IsNullOrEmpty(win.UserId) ? [counts]
            : [counts, UserMemories.KeyOf(win.UserId), .. (win.Arms ?? []).Select(arm => Experiment.KeyOf(arm.Experiment))];
    }
}
