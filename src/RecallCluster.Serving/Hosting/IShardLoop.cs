namespace RecallCluster.Serving.Hosting;

/// <summary>A closed loop as whoever opens models and indexes sees it: it wants to know the shards. Disposing stops it gracefully.</summary>
internal interface IShardLoop : IAsyncDisposable
{
    /// <summary>Requests will be answered with this click model: calibration is of it from now on, unless a ranker has the last word.</summary>
    Task UseAsync(ClickModel clicks, CancellationToken cancellation);

    /// <summary>Gives a shard of a version that is about to be published placements and bids, now and whenever they change.</summary>
    /// <returns>To be disposed before the shard's index is closed.</returns>
    IDisposable Adopt(LoopShard shard);
}
