using RecallCluster.Serving;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Users;

namespace RecallCluster.Grains.Hosting;

/// <summary>
/// Makes what a front door opens on, over the cluster's grains. A silo with the role <see cref="SiloRoles.Gateway"/> opens it when the silo
/// is a member, and closes it before the silo leaves.
/// </summary>
public interface IGatewayComposition
{
    /// <summary>Opens the gateway: market, books, leases, the shards of the cluster.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="InvalidDataException">Market, model or index are broken.</exception>
    /// <exception cref="IOException">A file is missing, or the store does not answer.</exception>
    Task<GatewayServices> OpenAsync(CancellationToken cancellation);
}

/// <summary>What a front door opens on. Disposing it hands back the leases.</summary>
public sealed class GatewayServices : IAsyncDisposable
{
    /// <summary>Finds candidates.</summary>
    public required IAdRetriever Retriever { get; init; }

    /// <summary>Answers requests for ads; null for candidates only.</summary>
    public IAdGateway? Gateway { get; init; }

    /// <summary>Takes events.</summary>
    public IFeedback? Feedback { get; init; }

    /// <summary>The campaigns.</summary>
    public ICampaigns? Campaigns { get; init; }

    /// <summary>The experiments.</summary>
    public IExperiments? Experiments { get; init; }

    /// <summary>The ads.</summary>
    public IAdCatalogue? Catalogue { get; init; }

    /// <summary>The users.</summary>
    public IUserStore? Users { get; init; }

    /// <summary>What is going on.</summary>
    public ILiveView? Live { get; init; }

    /// <summary>The versions of the index.</summary>
    public IIndexVersions? Indexes { get; init; }

    /// <summary>The versions of what trained bid controllers learned.</summary>
    public IActorVersions? Actors { get; init; }

    /// <summary>The versions of the calibrator.</summary>
    public ICalibratorVersions? Calibrators { get; init; }

    /// <summary>What became of background work; null for none.</summary>
    public BackgroundHealth? Background { get; init; }

    /// <summary>Told of each request that is turned away because of overload; null for nobody.</summary>
    public Action? Shed { get; init; }

    /// <summary>Closes all of it; null where there is nothing to close.</summary>
    public Func<ValueTask>? Close { get; init; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Close?.Invoke() ?? ValueTask.CompletedTask;
}
