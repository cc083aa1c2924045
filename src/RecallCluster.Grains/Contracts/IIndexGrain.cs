using Orleans.Concurrency;

namespace RecallCluster.Grains.Contracts;

/// <summary>A version of an index: where every silo finds its files.</summary>
/// <param name="Name">Its name, new with every roll-out.</param>
/// <param name="ModelDirectory">The model.</param>
/// <param name="IndexDirectory">The index built from it.</param>
/// <param name="Shards">Number of shards.</param>
/// <param name="ShardBytes">Bytes of the largest of them.</param>
[GenerateSerializer, Immutable, Alias("recall.index-version")]
public sealed record IndexVersion(
    [property: Id(0)] string Name,
    [property: Id(1)] string ModelDirectory,
    [property: Id(2)] string IndexDirectory,
    [property: Id(3)] int Shards,
    [property: Id(4)] long ShardBytes);

/// <summary>An index as gateways need it.</summary>
/// <param name="Place">Grows with every change.</param>
/// <param name="Current">What requests are answered with; null before the first roll-out.</param>
/// <param name="Previous">What they were answered with before, still loaded; null for none.</param>
/// <param name="Replicas">Replicas of each shard.</param>
[GenerateSerializer, Immutable, Alias("recall.index-state")]
public sealed record IndexState(
    [property: Id(0)] long Place,
    [property: Id(1)] IndexVersion? Current,
    [property: Id(2)] IndexVersion? Previous,
    [property: Id(3)] int Replicas);

/// <summary>A silo that could take a replica.</summary>
/// <param name="Silo">The silo.</param>
/// <param name="ShardBytes">Bytes of shards that it has room for.</param>
[GenerateSerializer, Immutable, Alias("recall.silo-candidate")]
public readonly record struct SiloCandidate([property: Id(0)] string Silo, [property: Id(1)] long ShardBytes);

/// <summary>
/// One index: its versions, who holds which replica, and the way from one version to the next: every replica loads and checks it, all
/// gateways switch, the old one is dropped. Key: the index's name.
/// </summary>
[Alias("recall.index")]
public interface IIndexGrain : IGrainWithStringKey
{
    /// <summary>Rolls a version out: loaded and verified by all replicas, then what requests are answered with.</summary>
    /// <param name="modelDirectory">The model.</param>
    /// <param name="indexDirectory">The index.</param>
    /// <param name="replicas">Replicas of each shard.</param>
    /// <exception cref="InvalidDataException">A replica refused it; what was served before is served on.</exception>
    [Alias("RollOut"), ResponseTimeout("00:10:00")]
    Task<IndexState> RollOutAsync(string modelDirectory, string indexDirectory, int replicas);

    /// <summary>Rolls a version out if nothing was before.</summary>
    [Alias("Ensure"), ResponseTimeout("00:10:00")]
    Task<IndexState> EnsureAsync(string modelDirectory, string indexDirectory, int replicas);

    /// <summary>Goes back to the version before.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    [Alias("RollBack"), ResponseTimeout("00:10:00")]
    Task<IndexState> RollBackAsync();

    /// <summary>The index as it stands.</summary>
    [Alias("State"), AlwaysInterleave]
    Task<IndexState> StateAsync();

    /// <summary>Waits until the state is newer, at most some seconds.</summary>
    /// <returns>The state; null where it is not newer.</returns>
    [Alias("Next"), AlwaysInterleave]
    Task<IndexState?> NextAsync(long place);

    /// <summary>Decides where a replica goes: where it is planned if that silo is there, else where no other replica of the shard is, it
    /// fits, and the fewest are; the decision is kept.</summary>
    /// <returns>One of the candidates.</returns>
    /// <exception cref="InvalidOperationException">It fits nowhere.</exception>
    [Alias("Place"), AlwaysInterleave]
    Task<string> PlaceAsync(int shard, int replica, SiloCandidate[] candidates);
}
