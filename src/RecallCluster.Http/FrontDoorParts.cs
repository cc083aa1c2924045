using RecallCluster.Serving;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;

namespace RecallCluster.Http;

/// <summary>
/// What a front door opens on. A part that is null makes its routes answer 503 with the reason; it may be set while the door is open,
/// so that a process can listen before it has loaded everything.
/// </summary>
public sealed class FrontDoorParts
{
    /// <summary>Finds candidates: <c>/v1/candidates</c>, <c>/readyz</c>.</summary>
    public IAdRetriever? Retriever { get; set; }

    /// <summary>Answers requests for ads: <c>/v1/ads</c>, <c>/openrtb/2.6/bid</c>.</summary>
    public IAdGateway? Gateway { get; set; }

    /// <summary>Takes events: <c>/v1/events</c>, <c>/t/…</c>.</summary>
    public IFeedback? Feedback { get; set; }

    /// <summary>The campaigns: <c>/v1/campaigns</c>.</summary>
    public ICampaigns? Campaigns { get; set; }

    /// <summary>The ads: <c>/v1/ads/{id}</c>, and where a click leads.</summary>
    public IAdCatalogue? Catalogue { get; set; }

    /// <summary>The users: <c>/v1/users</c>.</summary>
    public IUserStore? Users { get; set; }

    /// <summary>The experiments: <c>/v1/experiments</c>.</summary>
    public IExperiments? Experiments { get; set; }

    /// <summary>What is going on: <c>/v1/live</c>.</summary>
    public ILiveView? Live { get; set; }

    /// <summary>Versions of the index: <c>/v1/indexes</c>.</summary>
    public IIndexVersions? Indexes { get; set; }

    /// <summary>Versions of the actors of bid controllers: <c>/v1/actors</c>.</summary>
    public IActorVersions? Actors { get; set; }

    /// <summary>Versions of the calibrator: <c>/v1/calibrators</c>.</summary>
    public ICalibratorVersions? Calibrators { get; set; }

    /// <summary>What became of background work, for the log, <c>/readyz</c> and <c>/v1/live</c>; null for none.</summary>
    public BackgroundHealth? Background { get; set; }

    /// <summary>How it stands with what makes events and changes durable, for <c>/readyz</c>; null where nothing does.</summary>
    public Func<JournalStatus>? Journal { get; set; }

    /// <summary>Told of each request that is turned away because of overload; null for nobody.</summary>
    public Action? Shed { get; set; }

    /// <summary>Whether parts are still being set: the door is not ready then, whatever the parts that are there say.</summary>
    public bool IsOpening { get; set; }

    /// <summary>Real time, for deadlines, latency and rate limits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The business clock, which tokens expire by.</summary>
    public TimeProvider BusinessClock { get; init; } = TimeProvider.System;
}

/// <summary>A part that a route needs is not there (yet).</summary>
/// <param name="part">Which, in words.</param>
internal sealed class PartMissingException(string part) : Exception($"This process has no {part}, or has not loaded it yet.");

internal static class FrontDoorPartsExtensions
{
    /// <summary>The part.</summary>
    /// <exception cref="PartMissingException">It is null.</exception>
    public static T Need<T>(this T? part, string name)
        where T : class => part ?? throw new PartMissingException(name);
}
