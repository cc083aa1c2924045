using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>A running closed loop, in one process or in many, as its behavioural tests see it.</summary>
public interface ILoopHost : IAsyncDisposable
{
    IAdGateway Gateway { get; }

    IAdCatalogue Catalogue { get; }

    IFeedback Feedback { get; }

    IUserStore Users { get; }

    /// <summary>The business clock.</summary>
    DateTimeOffset Now { get; }

    /// <summary>Creates or changes a campaign; requests that begin afterwards know.</summary>
    Task PutCampaignAsync(CampaignSettings settings);

    /// <summary>Lets business time pass and does what the background does meanwhile: ticks, leases, reports, books.</summary>
    Task PassAsync(TimeSpan span);

    /// <summary>The books of a campaign's today.</summary>
    Task<DayAccount> AccountAsync(long campaign);

    /// <summary>Makes every shard fail, or none.</summary>
    void FailShards(bool fail);

    /// <summary>Makes every shard silent until it is told that nobody waits, or none.</summary>
    void SilenceShards(bool silent);

    /// <summary>Publishes the same bids as a new book.</summary>
    Task PublishBookAsync();

    /// <summary>Kills everything but what is durable, and starts again.</summary>
    Task RestartAsync();
}

/// <summary>Starts closed loops over a world.</summary>
public interface ILoopHostFactory
{
    Task<ILoopHost> StartAsync(LoopWorld world);
}
