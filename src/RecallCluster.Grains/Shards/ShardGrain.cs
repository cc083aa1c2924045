using Orleans.Concurrency;
using Orleans.Placement;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Placement;
using RecallCluster.Wire.Shards;

namespace RecallCluster.Grains.Shards;

/// <summary>One replica of a shard: its silo's shard, as a grain. It stays where the index's plan put it, for as long as the silo lives.</summary>
[ShardPlacement, Immovable, KeepAlive, Reentrant]
internal sealed class ShardGrain(SiloShards shards, SiloMarket market, IGrainFactory grains, ILocalSiloDetails silo) : Grain, IShardGrain
{
    private ReplicaKey _key;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _key = ReplicaKey.Read(this.GetPrimaryKeyString());
        IndexState index = await grains.GetGrain<IIndexGrain>(_key.Index).StateAsync().ConfigureAwait(true);
        foreach (IndexVersion version in new[] { index.Current, index.Previous }.OfType<IndexVersion>().Where(v => _key.Shard < v.Shards))
            await shards.LoadAsync(version, _key.Shard, cancellationToken).ConfigureAwait(true);
        await base.OnActivateAsync(cancellationToken).ConfigureAwait(true);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        shards.DropAll(_key.Shard);
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    // The search itself runs on a thread of the pool; this only waits for it.
    public async Task<ShardAnswerMessage> SearchAsync(ShardQueryMessage query) => ShardWire.ToWire(
        await shards.Of(_key.Shard).SearchAsync(ShardWire.ToQuery(query), CancellationToken.None).ConfigureAwait(true));

    public async Task<ShardState> LoadAsync(IndexVersion version)
    {
        await shards.LoadAsync(version, _key.Shard, CancellationToken.None).ConfigureAwait(true);
        return State();
    }

    public Task DropAsync(string version)
    {
        shards.Drop(version, _key.Shard);
        return Task.CompletedTask;
    }

    public Task<ShardState> StateAsync() => Task.FromResult(State());

    private ShardState State()
    {
        var versions = shards.VersionsOf(_key.Shard);
        return new ShardState(
            silo.Name, [.. versions.Select(v => v.Name)], versions.Count == 0 ? 0 : versions[^1].Index.Count,
            versions.Sum(v => new FileInfo(v.Index.FilePath).Length), market.BookVersion);
    }
}
