namespace RecallCluster.Serving.Replicas;

/// <summary>One that answers for a shard, in this process or in another. Thread-safe.</summary>
public interface IReplica : IShard
{
    /// <summary>Where it is, for people: "in process", or a URL.</summary>
    string Address { get; }

    /// <summary>The version that it holds, as far as is known; empty for none.</summary>
    string Version { get; }

    /// <summary>Whether asking it costs no way to another process. It may change.</summary>
    bool IsNear => false;
}

/// <summary>A shard of this process as a replica.</summary>
/// <param name="shard">The shard; stays with the caller.</param>
public sealed class LocalReplica(Shard shard) : IReplica
{
    /// <inheritdoc/>
    public string Address => "in process";

    /// <inheritdoc/>
    public bool IsNear => true;

    /// <inheritdoc/>
    public string Version => string.Join(", ", shard.Versions);

    /// <inheritdoc/>
    public Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation) => shard.SearchAsync(query, cancellation);

    /// <inheritdoc/>
    public void Publish(ValueRanking.BidBook book) => shard.Publish(book);

    /// <inheritdoc/>
    public void Publish(ValueRanking.ShardPlacements placements) => shard.Publish(placements);

    /// <inheritdoc/>
    public void Publish(NewAds.ShardAdditions additions) => shard.Publish(additions);
}
