using RecallCluster.Serving.NewAds;

namespace RecallCluster.Serving.Hosting;

/// <summary>A closed loop as whoever opens models and indexes sees it: it wants the shards. Disposing stops it gracefully.</summary>
internal interface IShardLoop : IAsyncDisposable
{
    /// <summary>
    /// Requests will be answered with this click model, unless a ranker has the last word: calibration is of it from now on.
    /// </summary>
    Task UseAsync(ClickModel clicks, CancellationToken cancellation);

    /// <summary>Gives a shard of a version that is about to be published placements and bids, now and whenever they change.</summary>
    /// <returns>To be disposed before the shard's index is closed.</returns>
    IDisposable Adopt(LoopShard shard);

    /// <summary>Lets the shards of a version, which were adopted, hold the catalogue's ads that its indexes do not know.</summary>
    /// <returns>To be disposed before the indexes are closed, and before the shards' adoptions.</returns>
    IDisposable Adopt(NewAdKeeper newAds);
}
