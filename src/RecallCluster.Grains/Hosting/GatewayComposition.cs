using RecallCluster.Grains.Calibration;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Rollouts;
using RecallCluster.Grains.Shards;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Hosting;

/// <summary>
/// A silo's gateway: the embedded edition's host with shards that are grains, and the loop over grains. It follows the index: a version
/// that is rolled out is compared with the running one here, and then is what requests are answered with.
/// </summary>
internal sealed class GatewayComposition(
    SiloNode node, IGrainFactory grains, SiloMarket market, ClusterClock clock, GatewayLoopOptions options,
    RolloutOptions rollouts, MachineFactory factory, SiloShards shards, KnownData known, Machines.MachineHostOptions machines,
    Deferral deferral, TimeProvider time)
    : IGatewayComposition
{
    /// <summary>The index that a cluster serves.</summary>
    public const string IndexName = "ads";

    // Calibration forgets it when its grain moves: until it is told again, nothing is mapped.
    private static readonly TimeSpan TellPeriod = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async Task<GatewayServices> OpenAsync(CancellationToken cancellation)
    {
        (EmbeddedHost host, GatewayVersions versions, ClusterLoop loop, IndexState state) =
            await ComposeAsync(cancellation).ConfigureAwait(false);
        try
        {
            await loop.WarmUpAsync(cancellation).ConfigureAwait(false);
            loop.Run();
            var following = new IndexFollower(
                grains.GetGrain<IIndexGrain>(IndexName), state, versions.FollowAsync, () => versions.Report, time);
            var follower = new Follower(following.FollowAsync, machines, time);
            // Beside the other: roll-outs go on while calibration cannot be reached.
            var teller = new Follower(token => TellModelAsync(loop, token), machines, time);
            return new GatewayServices
            {
                Retriever = host.Retriever,
                Gateway = loop.Gateway,
                Feedback = loop.Feedback,
                Campaigns = loop.Campaigns,
                Experiments = loop.Experiments,
                Catalogue = loop.Catalogue,
                Users = loop.Users,
                Live = loop.Live,
                Indexes = new GrainIndexVersions(grains, IndexName, rollouts),
                Actors = new GrainActors(grains, factory, rollouts),
                Calibrators = new GrainCalibratorVersions(grains, factory, rollouts),
                Background = market.Background,
                Shed = loop.Gateway.Traffic.Shed,
                Close = async () =>
                {
                    await follower.DisposeAsync().ConfigureAwait(false);
                    await teller.DisposeAsync().ConfigureAwait(false);
                    await versions.DisposeAsync().ConfigureAwait(false);
                    await host.DisposeAsync().ConfigureAwait(false);
                },
            };
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A host that answers with the index' version, and the loop joined to it; nothing happens by the clock yet.</summary>
    /// <inheritdoc cref="OpenAsync" path="/exception"/>
    internal async Task<(EmbeddedHost Host, GatewayVersions Versions, ClusterLoop Loop, IndexState State)> ComposeAsync(
        CancellationToken cancellation)
    {
        IIndexGrain index = grains.GetGrain<IIndexGrain>(IndexName);
        IndexState state = await GrainCalls.AskAsync(index.StateAsync(), "The index", cancellation).ConfigureAwait(false);
        if (state.Current is null && node is { ModelDirectory: { } model, IndexDirectory: { } directory })
            state = await FirstAsync(index, model, directory, cancellation).ConfigureAwait(false);
        if (state.Current is null)
            throw new InvalidDataException("No index was rolled out, and this silo's configuration names none.");
        var host = new EmbeddedHost(time: time);
        var versions = new GatewayVersions(host, grains, shards, known, IndexName, node.Name, time);
        try
        {
            await versions.FollowAsync(state with { Shadow = null }).ConfigureAwait(false);
            ClusterLoop loop = await ClusterLoop.OpenAsync(
                grains, host.Retriever, market, node, clock, options, deferral, time, cancellation).ConfigureAwait(false);
            await JoinAsync(host, loop, cancellation).ConfigureAwait(false);
            return (host, versions, loop, state);
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Has the configured index rolled out where none is, and waits for the one that is: it may be another gateway's.</summary>
    /// <exception cref="InvalidDataException">It was refused.</exception>
    private async Task<IndexState> FirstAsync(IIndexGrain index, string model, string directory, CancellationToken cancellation)
    {
        IndexVersion first = await GrainCalls.AskAsync(
            grains.GetGrain<IIndexFilesGrain>(0).DescribeAsync(
                VersionPair.Of(model, directory, node.VersionsDirectory).Name, model, directory),
            "The index' files", cancellation).ConfigureAwait(false);
        IndexState state = await GrainCalls.AskAsync(
            index.EnsureAsync(first, node.Replicas), "The index", cancellation).ConfigureAwait(false);
        var versions = new GrainIndexVersions(grains, IndexName, rollouts);
        while (state.Current is null)
        {
            RolloutView view = await versions.RolloutAsync(cancellation).ConfigureAwait(false);
            if (view is { Running: null, UnderWay: null, Last: { } last })
                throw new InvalidDataException($"Version {last.Version.Version} of {last.Version.Name} was refused: {last.Reason}");
            IndexState? next = await GrainCalls.AskAsync(
                index.NextAsync(state.Place, null), "The index", cancellation).ConfigureAwait(false);
            state = next ?? state;
        }
        return state;
    }

    private static async Task JoinAsync(EmbeddedHost host, ClusterLoop loop, CancellationToken cancellation)
    {
        try
        {
            await host.JoinAsync(loop, cancellation).ConfigureAwait(false);
        }
        catch
        {
            await loop.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task TellModelAsync(ClusterLoop loop, CancellationToken cancellation)
    {
        await loop.TellModelAsync(cancellation).ConfigureAwait(false);
        await Task.Delay(TellPeriod, time, cancellation).ConfigureAwait(false);
    }
}
