namespace RecallCluster.Serving.Campaigns;

/// <summary>Where whoever bids or ranks learns of the campaigns: those of this process, or of many. Thread-safe.</summary>
public interface ICampaignFeed
{
    /// <summary>The newest book with all that belongs to it.</summary>
    PublishedCampaigns Current { get; }

    /// <summary>Called with every new book, in order, after it became <see cref="Current"/>; whoever is called must be quick.</summary>
    event Action<PublishedCampaigns>? Published;
}
