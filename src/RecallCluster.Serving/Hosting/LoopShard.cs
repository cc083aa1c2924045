using RecallCluster.Retrieval.Files;

namespace RecallCluster.Serving.Hosting;

/// <summary>A shard of one version, with the index that says which ads it holds.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Version">The version.</param>
/// <param name="Shard">Where to ask.</param>
/// <param name="Local">The part of it in this process; null where only others answer for it.</param>
/// <param name="Index">Its ads.</param>
internal sealed record LoopShard(int Number, string Version, IShard Shard, Shard? Local, AdIndex Index);
