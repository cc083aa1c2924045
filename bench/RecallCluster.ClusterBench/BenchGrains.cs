using Orleans.Concurrency;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Placement;
using RecallCluster.Grains.Shards;
using RecallCluster.Serving;
using RecallCluster.Wire.Shards;

namespace RecallCluster.ClusterBench;

/// <summary>Answers at once: what a bare call of a shard's messages costs.</summary>
[Alias("recall.bench.echo")]
public interface IEchoGrain : IGrainWithStringKey
{
    /// <summary>An answer as a shard's.</summary>
    [Alias("Echo"), AlwaysInterleave]
    Task<ShardAnswerMessage> EchoAsync(ShardQueryMessage query);
}

/// <summary>The bare call's other end.</summary>
[RolePlacement(SiloRoles.Control), Reentrant]
internal sealed class EchoGrain : Grain, IEchoGrain
{
    private readonly ShardAnswerMessage _answer = ShardWire.ToWire(SamplePayload.Answer);

    public Task<ShardAnswerMessage> EchoAsync(ShardQueryMessage query) => Task.FromResult(_answer);
}

/// <summary>A replica of a shard as it is, but that its search is over at once: contracts are mapped, the turn is left.</summary>
[RolePlacement(SiloRoles.Control), Reentrant]
internal sealed class InstantShardGrain : Grain, IShardGrain
{
    public async Task<ShardAnswerMessage> SearchAsync(ShardQueryMessage query)
    {
        ShardQuery asked = ShardWire.ToQuery(query);
        return ShardWire.ToWire(
            await Task.Run(() => asked.K > 0 ? SamplePayload.Answer : throw new InvalidOperationException()).ConfigureAwait(true));
    }

    public async Task<ShardLoad> LoadAsync(IndexVersion version) => new(await StateAsync().ConfigureAwait(true), null);

    public Task DropAsync(string version) => Task.CompletedTask;

    public Task<ShardState> KeepAsync(string[] versions) => StateAsync();

    public Task<ShardState> CatchUpAsync() => StateAsync();

    public Task<ShardState> StateAsync() => Task.FromResult(new ShardState("bench", [], 0, 0, 0));
}
