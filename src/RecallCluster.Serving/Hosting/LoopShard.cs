using RecallCluster.Retrieval.Files;
using RecallCluster.Serving.NewAds;

namespace RecallCluster.Serving.Hosting;

/// <summary>A shard of one version, with the index that says which ads it holds.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Version">The version.</param>
/// <param name="Shard">Where to ask.</param>
/// <param name="Local">The part of it in this process; null where only others answer for it.</param>
/// <param name="Index">The ads that it was built with.</param>
/// <param name="NewAds">What was put in since, in it and in the other shards of the version.</param>
internal sealed record LoopShard(int Number, string Version, IShard Shard, Shard? Local, AdIndex Index, NewAdKeeper NewAds)
{
    /// <summary>Number of ads, those that were put in since included.</summary>
    public int Ads => Index.Count + NewAds.CountOn(Number);

    /// <summary>The ordinal of an ad; -1 where it is not there.</summary>
    public int OrdinalOf(string id) => NewAds.OrdinalOf(Number, id);
}
