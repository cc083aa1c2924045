using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>A running closed loop whose trained bid controllers can be replaced.</summary>
public interface IActorLoop : ILoopHost
{
    /// <summary>The versions of actors.</summary>
    IActorVersions Actors { get; }

    /// <summary>A campaign as it stands.</summary>
    Task<CampaignView> CampaignAsync(long campaign);

    /// <summary>Tells a campaign what a gateway did for it.</summary>
    Task ReportAsync(long campaign, BidReport report);
}
