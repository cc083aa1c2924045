using RecallCluster.Grains.Calibration;
using RecallCluster.Grains.Experiments;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Rollouts;
using RecallCluster.Grains.Shards;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Gateways;

/// <summary>
/// What a front door in a process of its own opens on, without model, index or shards: the cluster's gateways, and the grains that any
/// gateway's door asks, too. The ads come from the market directory with the cluster's edits; without that directory there is no catalogue.
/// </summary>
internal sealed class DoorComposition(
    SiloNode node, IGrainFactory grains, GatewaySpread spread, SiloMarket market, ClusterClock clock, Machines.MachineHostOptions options,
    RolloutOptions rollouts, MachineFactory factory, Deferral deferral, TimeProvider time) : IGatewayComposition
{
    // Gateways have numbers from 1 on; whoever accepts events here holds no reserve.
    private const int NoGateway = 0;

    /// <inheritdoc/>
    public async Task<GatewayServices> OpenAsync(CancellationToken cancellation)
    {
        var gateway = new RemoteGateway(grains, spread, options, time);
        try
        {
            await gateway.LookAsync(cancellation).ConfigureAwait(false);
            LocalMarket? ads = node.MarketDirectory is null ? null : await market.Ready.WaitAsync(cancellation).ConfigureAwait(false);
            var business = new SteadyClock(clock.Business);
            return new GatewayServices
            {
                Retriever = gateway,
                Gateway = gateway,
                Feedback = new FeedbackIntake(new GrainDelivery(grains, NoGateway, deferral), business),
                Campaigns = new GrainCampaigns(grains, market.Book),
                Experiments = new ExperimentRunner(new GrainExperiments(grains, market.Experiments), business),
                Catalogue = ads?.Catalogue,
                Users = new GrainUsers(grains, node.UserPatience),
                Live = gateway,
                Indexes = new GrainIndexVersions(grains, GatewayComposition.IndexName, rollouts),
                Actors = new GrainActors(grains, factory, rollouts),
                Calibrators = new GrainCalibratorVersions(grains, factory, rollouts),
                Background = market.Background,
                Close = gateway.DisposeAsync,
            };
        }
        catch
        {
            await gateway.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
