using Orleans.Concurrency;
using RecallCluster.Wire.Shards;

namespace RecallCluster.Grains.Contracts;

/// <summary>What a shard replica says of itself.</summary>
/// <param name="Silo">The silo that it is on.</param>
/// <param name="Versions">The versions that it can answer with.</param>
/// <param name="Ads">Ads of the newest of them.</param>
/// <param name="Bytes">Bytes that they take.</param>
/// <param name="Book">Version of the bid book that it ranks by; 0 for none.</param>
[GenerateSerializer, Immutable, Alias("recall.shard-state")]
public sealed record ShardState(
    [property: Id(0)] string Silo,
    [property: Id(1)] string[] Versions,
    [property: Id(2)] int Ads,
    [property: Id(3)] long Bytes,
    [property: Id(4)] long Book);

/// <summary>One replica of a shard. Key: "index/shard/replica". Searching happens off its turns.</summary>
[Alias("recall.shard")]
public interface IShardGrain : IGrainWithStringKey
{
    /// <summary>The best ads of the shard for one user.</summary>
    [Alias("Search"), AlwaysInterleave]
    Task<ShardAnswerMessage> SearchAsync(ShardQueryMessage query);

    /// <summary>Loads and checks a version, beside those that are there.</summary>
    /// <exception cref="InvalidDataException">A file is broken, or is not of that model.</exception>
    [Alias("Load"), ResponseTimeout("00:10:00")]
    Task<ShardState> LoadAsync(IndexVersion version);

    /// <summary>Drops a version, which is closed when its last search has ended.</summary>
    [Alias("Drop")]
    Task DropAsync(string version);

    /// <summary>How it stands.</summary>
    [Alias("State"), AlwaysInterleave]
    Task<ShardState> StateAsync();
}
