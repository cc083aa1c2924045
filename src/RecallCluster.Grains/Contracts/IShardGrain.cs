using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RecallCluster.Wire.Shards;

namespace RecallCluster.Grains.Contracts;

/// <summary>What a shard replica says of itself.</summary>
/// <param name="Silo">The silo that it is on.</param>
/// <param name="Versions">The versions that it can answer with.</param>
/// <param name="Ads">Ads of the newest of them, those included that its index does not know.</param>
/// <param name="Bytes">Bytes that they take.</param>
/// <param name="Book">Version of the bid book that it ranks by; 0 for none.</param>
[GenerateSerializer, Immutable, Alias("recall.shard-state")]
public sealed record ShardState(
    [property: Id(0)] string Silo,
    [property: Id(1)] string[] Versions,
    [property: Id(2)] int Ads,
    [property: Id(3)] long Bytes,
    [property: Id(4)] long Book);

/// <summary>What became of loading a version.</summary>
/// <param name="State">The replica.</param>
/// <param name="Refusal">Why the version is not there, in words that name replica and silo; null where it is.</param>
[GenerateSerializer, Immutable, Alias("recall.shard-load")]
public sealed record ShardLoad([property: Id(0)] ShardState State, [property: Id(1)] string? Refusal);

/// <summary>One replica of a shard. Key: "index/shard/replica". Searching happens off its turns.</summary>
[Alias("recall.shard"), Version(1)]
public interface IShardGrain : IGrainWithStringKey
{
    /// <summary>The best ads of the shard for one user.</summary>
    [Alias("Search"), AlwaysInterleave]
    Task<ShardAnswerMessage> SearchAsync(ShardQueryMessage query);

    /// <summary>
    /// Loads a version beside those that are there, if it fits, and verifies it: fingerprints, checksums, trial searches. The
    /// ads that its index does not know are in it then.
    /// </summary>
    [Alias("Load"), ResponseTimeout("00:10:00")]
    Task<ShardLoad> LoadAsync(IndexVersion version);

    /// <summary>Drops a version, which is closed when its last search has ended.</summary>
    [Alias("Drop")]
    Task DropAsync(string version);

    /// <summary>Keeps these versions, as far as they are there, and drops all others.</summary>
    [Alias("Keep"), AlwaysInterleave]
    Task<ShardState> KeepAsync(string[] versions);

    /// <summary>Completes when all ads are in that the catalogue has now.</summary>
    [Alias("CatchUp"), AlwaysInterleave]
    Task<ShardState> CatchUpAsync();

    /// <summary>How it stands.</summary>
    [Alias("State"), AlwaysInterleave]
    Task<ShardState> StateAsync();
}
