using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;

namespace RecallCluster.Serving.Feedback;

/// <summary>
/// Whom a command to a campaign concerns, too: what happened to an ad concerns calibration's counts, the user's memory, and the experiments
/// that it was won under.
/// </summary>
internal static class EventFollowers
{
    /// <summary>Keys of the machines that follow; none for what is no event.</summary>
    /// <param name="command">The command.</param>
    /// <param name="countsOf">The key of a campaign's counts.</param>
    /// <param name="memoryOf">The key of a user's memory.</param>
    public static string[] Of(CampaignCommand command, Func<long, string> countsOf, Func<string, string> memoryOf)
    {
        if (command is not EventCommand { Event.Win: var win })
            return [];
        string counts = countsOf(win.CampaignId);
        if (string.IsNullOrEmpty(win.UserId))
            return [counts];
        // Each once, whatever a win says.
        IEnumerable<string> experiments = (win.Arms ?? []).Select(arm => arm.Experiment).Distinct().Select(Experiment.KeyOf);
        return [counts, memoryOf(win.UserId), .. experiments];
    }
}
