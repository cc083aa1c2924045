using RecallCluster.Data;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Shards;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Hosting;

namespace RecallCluster.Grains.Hosting;

/// <summary>
/// A silo's gateway: the embedded edition's host with shards that are grains, and the loop over grains. It follows the index: a version
/// that was rolled out is what requests are answered with as soon as it is open here.
/// </summary>
internal sealed class GatewayComposition(
    SiloNode node, IGrainFactory grains, SiloMarket market, ClusterClock clock, GatewayLoopOptions options,
    Machines.MachineHostOptions machines, Deferral deferral, TimeProvider time) : IGatewayComposition
{
    /// <summary>The index that a cluster serves.</summary>
    public const string IndexName = "ads";

    // Read once, whatever versions of model and index come and go.
    private readonly Lazy<Dataset?> _known = new(() => node.DataDirectory is { } data ? DatasetDirectory.Read(data) : null);

    /// <inheritdoc/>
    public async Task<GatewayServices> OpenAsync(CancellationToken cancellation)
    {
        IIndexGrain index = grains.GetGrain<IIndexGrain>(IndexName);
        IndexState state = await GrainCalls.AskAsync(index.StateAsync(), "The index", cancellation).ConfigureAwait(false);
        if (state.Current is null && node is { ModelDirectory: { } model, IndexDirectory: { } directory })
        {
            state = await GrainCalls.AskAsync(index.EnsureAsync(model, directory, node.Replicas), "The index", cancellation)
                .ConfigureAwait(false);
        }
        if (state.Current is not { } version)
            throw new InvalidDataException("No index was rolled out, and this silo's configuration names none.");
        var host = new EmbeddedHost(time: time);
        try
        {
            await Task.Run(() => Load(host, version, state.Replicas), cancellation).ConfigureAwait(false);
            ClusterLoop loop = await ClusterLoop.OpenAsync(
                grains, host.Retriever, market, node, clock, options, deferral, time, cancellation).ConfigureAwait(false);
            await host.JoinAsync(loop, cancellation).ConfigureAwait(false);
            await loop.WarmUpAsync(cancellation).ConfigureAwait(false);
            loop.Run();
            var follower = new Follower(token => FollowAsync(host, loop, token), machines, time);
            return new GatewayServices
            {
                Retriever = host.Retriever,
                Gateway = loop.Gateway,
                Feedback = loop.Feedback,
                Campaigns = loop.Campaigns,
                Catalogue = loop.Catalogue,
                Users = loop.Users,
                Live = loop.Live,
                Background = market.Background,
                Shed = loop.Gateway.Traffic.Shed,
                Close = async () =>
                {
                    await follower.DisposeAsync().ConfigureAwait(false);
                    await host.DisposeAsync().ConfigureAwait(false);
                },
            };
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        async Task FollowAsync(EmbeddedHost loaded, ClusterLoop loop, CancellationToken token)
        {
            await loop.TellModelAsync(token).ConfigureAwait(false);
            IndexState? next = await index.NextAsync(state.Place).WaitAsync(token).ConfigureAwait(false);
            if (next is null)
                return;
            if (next.Current is { } current && current.Name != state.Current?.Name)
                await Task.Run(() => Load(loaded, current, next.Replicas), token).ConfigureAwait(false);
            state = next;
        }
    }

    private void Load(EmbeddedHost host, IndexVersion version, int replicas) => host.Load(new EmbeddedHostOptions
    {
        ModelDirectory = version.ModelDirectory,
        IndexDirectory = version.IndexDirectory,
        Users = _known.Value is { } users ? new UserDirectory(users) : null,
        AdFields = _known.Value?.Items.Fields,
        Shards = new GrainShards(grains, IndexName, version, replicas, time),
    });
}
