using Orleans.Concurrency;
using Orleans.Placement;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Placement;
using RecallCluster.Serving;
using RecallCluster.Wire.Shards;

namespace RecallCluster.Grains.Shards;

/// <summary>
/// One replica of a shard: its silo's shard, as a grain. It stays where the index's plan put it, for as long as the silo lives.
/// </summary>
[ShardPlacement, Immovable, KeepAlive, Reentrant]
internal sealed class ShardGrain(SiloShards shards, SiloMarket market, IGrainFactory grains, ILocalSiloDetails silo) : Grain, IShardGrain
{
    private readonly HashSet<string> _unwanted = new(StringComparer.Ordinal);
    private ReplicaKey _key;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _key = ReplicaKey.Read(this.GetPrimaryKeyString());
        IndexState index = await grains.GetGrain<IIndexGrain>(_key.Index).StateAsync().ConfigureAwait(true);
        if (index.Current is { } current && _key.Shard < current.Shards)
            await shards.LoadAsync(current, _key.Shard, isNew: false, cancellationToken).ConfigureAwait(true);
        // Answers do not wait for these, and there may be no room for them here.
        foreach (IndexVersion version in new[] { index.Previous, index.Shadow }.OfType<IndexVersion>().Where(v => _key.Shard < v.Shards))
            _ = LoadAsync(version);
        await base.OnActivateAsync(cancellationToken).ConfigureAwait(true);
        shards.Begin(_key);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        shards.End(_key);
        // With a silo goes its part of the directory, and with that every activation that was entered there, wherever it is: the plan
        // brings this one back to where its files are open, and until then no replica might be left.
        if (reason.ReasonCode != DeactivationReasonCode.DirectoryFailure)
            shards.DropAll(_key.Shard);
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    // The search itself runs on a thread of the pool; this only waits for it.
    public async Task<ShardAnswerMessage> SearchAsync(ShardQueryMessage query)
    {
        ShardQuery wanted = ShardWire.ToQuery(query);
        // Where many wait, one that nobody waits for any more shall not begin.
        if (wanted.TimeLeft is null)
            wanted = wanted with { TimeLeft = GrainReplica.Longest };
        return ShardWire.ToWire(await shards.Of(_key.Shard).SearchAsync(wanted, CancellationToken.None).ConfigureAwait(true));
    }

    public async Task<ShardLoad> LoadAsync(IndexVersion version)
    {
        try
        {
            await shards.LoadAsync(version, _key.Shard, isNew: true, CancellationToken.None).ConfigureAwait(true);
            await shards.CatchUpAsync(_key.Shard).ConfigureAwait(true);
            return new ShardLoad(State(), null);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException or UnauthorizedAccessException)
        {
            return new ShardLoad(State(), $"Shard {_key} on silo {shards.Silo}: {e.Message}");
        }
    }

    public Task DropAsync(string version)
    {
        shards.Drop(version, _key.Shard);
        return Task.CompletedTask;
    }

    public Task<ShardState> KeepAsync(string[] versions)
    {
        // Not at the first time: one that was published a moment ago may have come before the word that it is wanted.
        string[] others = [.. shards.NamesOf(_key.Shard).Except(versions, StringComparer.Ordinal)];
        foreach (string version in others.Where(_unwanted.Contains))
            shards.Drop(version, _key.Shard);
        _unwanted.Clear();
        _unwanted.UnionWith(others);
        return Task.FromResult(State());
    }

    public async Task<ShardState> CatchUpAsync()
    {
        (Guid life, long sequence) = await grains.GetGrain<ICatalogueGrain>(0).PlaceAsync().ConfigureAwait(true);
        await market.WaitForEditAsync(life, sequence, CancellationToken.None).ConfigureAwait(true);
        await shards.CatchUpAsync(_key.Shard).ConfigureAwait(true);
        return State();
    }

    public Task<ShardState> StateAsync() => Task.FromResult(State());

    private ShardState State()
    {
        IReadOnlyList<HeldVersion> versions = shards.VersionsOf(_key.Shard);
        return new ShardState(
            silo.Name, [.. versions.Select(v => v.Name)], versions.Count == 0 ? 0 : versions[^1].Ads, versions.Sum(v => v.Bytes),
            market.BookVersion);
    }
}
