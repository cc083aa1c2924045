namespace RecallCluster.Serving.NewAds;

/// <summary>
/// What was put into a shard version and taken out of it since its index was opened, oldest first: a log that only grows. Each ad put in
/// takes the next ordinal, from the number of ads of the index on, also when it takes the place of one that is there; so whoever follows
/// the log from its beginning has the same ads under the same ordinals, and the same graph.
/// </summary>
/// <param name="Version">The shard version.</param>
/// <param name="Changes">The changes; a later log of the version begins with the same ones.</param>
public sealed record ShardAdditions(string Version, ReadOnlyMemory<ShardChange> Changes);

/// <summary>One change: an ad put in (anew), or taken out.</summary>
/// <param name="Id">The ad.</param>
/// <param name="Embedded">What it is found and scored by; null when it is taken out.</param>
public sealed record ShardChange(string Id, EmbeddedAd? Embedded);

/// <summary>What an ad is found and scored by.</summary>
/// <param name="Vector">Its target vector.</param>
/// <param name="Record">Its folded record.</param>
/// <param name="Codes">Its codes, as behaviours are looked up by; empty in another process, which prepares no users.</param>
public sealed record EmbeddedAd(float[] Vector, float[] Record, int[] Codes);
