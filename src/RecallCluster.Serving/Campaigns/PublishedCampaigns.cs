using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// All campaigns as a gateway needs them, as they stood at one moment: by campaign number, dense from 0, the same for a process's life.
/// Immutable.
/// </summary>
/// <param name="Book">What to bid.</param>
/// <param name="Settings">Settings by campaign number.</param>
/// <param name="Statuses">Whether each can be shown, by campaign number.</param>
public sealed record PublishedCampaigns(BidBook Book, IReadOnlyList<CampaignSettings> Settings, IReadOnlyList<CampaignStatus> Statuses)
{
    /// <summary>How often the campaigns' conversion probabilities and maps were replaced is in <see cref="BidBook.Version"/>.</summary>
    public long Version => Book.Version;
}
