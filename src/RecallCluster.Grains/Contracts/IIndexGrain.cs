using System.Globalization;
using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Contracts;

/// <summary>A version of an index: where every silo finds its files, and what is in them.</summary>
/// <param name="Name">Its name, as queries carry it: fingerprint and number, new with every roll-out.</param>
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
    [property: Id(4)] long ShardBytes) : IRolledVersion
{
    /// <summary>The name that people know it by.</summary>
    [Id(5)]
    public string Title { get; init; } = "";

    /// <summary>Fingerprint of each shard's file, by shard: all silos must have the same.</summary>
    [Id(6)]
    public string[] Files { get; init; } = [];

    /// <summary>Its ads.</summary>
    [Id(7)]
    public long Ads { get; init; }

    /// <summary>The number in its name, which grows with every roll-out; 0 for a name without one.</summary>
    internal int Number =>
        int.TryParse(Name.AsSpan(Name.LastIndexOf('.') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    RolledVersion IRolledVersion.Rolled => new(Title, Name);
}

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
    [property: Id(3)] int Replicas)
{
    /// <summary>What all replicas have loaded and requests are compared with; null for nothing.</summary>
    [Id(4)]
    public IndexVersion? Shadow { get; init; }

    /// <summary>Share of the requests that are compared; 0 for none.</summary>
    [Id(5)]
    public double ShadowShare { get; init; }

    /// <summary>Comparisons a second that each gateway makes beside that share, as long as it has requests.</summary>
    [Id(6)]
    public double ShadowPace { get; init; }
}

/// <summary>A silo that could take a replica.</summary>
/// <param name="Silo">The silo.</param>
/// <param name="ShardBytes">Bytes of shards that it has room for.</param>
/// <param name="HasDevice">Whether its shards score on a device.</param>
[GenerateSerializer, Immutable, Alias("recall.silo-candidate")]
public readonly record struct SiloCandidate(
    [property: Id(0)] string Silo, [property: Id(1)] long ShardBytes, [property: Id(2)] bool HasDevice = false);

/// <summary>What a gateway says of itself whenever it asks for news.</summary>
/// <param name="Gateway">Its silo.</param>
/// <param name="Running">The version that it answers requests with.</param>
/// <param name="Shadow">The version that it compares with, or tried to open for that; null for none.</param>
/// <param name="Failure">Why it could not be opened; null where it is open.</param>
/// <param name="Tally">What came of the comparison so far, as JSON; null for nothing.</param>
[GenerateSerializer, Immutable, Alias("recall.gateway-report")]
public sealed record GatewayReport(
    [property: Id(0)] string Gateway,
    [property: Id(1)] string? Running,
    [property: Id(2)] string? Shadow,
    [property: Id(3)] string? Failure,
    [property: Id(4)] byte[]? Tally)
{
    /// <summary>The version that it is opening just now; null for none.</summary>
    [Id(5)]
    public string? Opening { get; init; }
}

/// <summary>
/// One index: its versions, who holds which replica, and the way from one version to the next:
/// <code>
/// publish ─► every replica loads and verifies it ─► gateways answer a share of the requests with both ─► all gateways switch
///                └─ broken, too large ─► refused         └─ worse than its limits ─► refused        └─ roll back
/// </code>
/// The version before stays loaded until the next one is published, or it is given up. Key: the index's name.
/// </summary>
[Alias("recall.index"), Version(1)]
public interface IIndexGrain : IGrainWithStringKey
{
    /// <summary>Begins to roll a version out.</summary>
    /// <param name="version">The version, as <see cref="IIndexFilesGrain"/> describes it.</param>
    /// <param name="limits">What it must show, as JSON; null for what is configured.</param>
    /// <param name="replicas">Replicas of each shard; null for as many as there are.</param>
    /// <exception cref="InvalidOperationException">Another one is on its way.</exception>
    [Alias("Publish")]
    Task<IndexState> PublishAsync(IndexVersion version, byte[]? limits, int? replicas);

    /// <summary>Begins to roll a version out if nothing was before and nothing is on its way.</summary>
    [Alias("Ensure")]
    Task<IndexState> EnsureAsync(IndexVersion version, int replicas);

    /// <summary>Abandons the version on its way; where none is, goes back to the version before.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    /// <exception cref="InvalidDataException">A replica cannot load it any more.</exception>
    [Alias("RollBack"), ResponseTimeout("00:10:00")]
    Task<IndexState> RollBackAsync();

    /// <summary>Gives up the version before.</summary>
    /// <exception cref="InvalidOperationException">A gateway still answers with it.</exception>
    [Alias("DropPrevious")]
    Task<IndexState> DropPreviousAsync();

    /// <summary>How the roll-out stands, as JSON of <see cref="RolloutView"/>.</summary>
    [Alias("Rollout"), AlwaysInterleave]
    Task<byte[]> RolloutAsync();

    /// <summary>The index as it stands.</summary>
    [Alias("State"), AlwaysInterleave]
    Task<IndexState> StateAsync();

    /// <summary>Waits until the state is newer, at most some seconds.</summary>
    /// <param name="place">The state that is known.</param>
    /// <param name="report">What a gateway says of itself; null of others.</param>
    /// <returns>The state; null where it is not newer.</returns>
    [Alias("Next"), AlwaysInterleave]
    Task<IndexState?> NextAsync(long place, GatewayReport? report);

    /// <summary>Decides where a replica goes: where it is planned if that silo is there, else where no other replica of the shard is, it
    /// fits, and the fewest are; the decision is kept.</summary>
    /// <returns>One of the candidates.</returns>
    /// <exception cref="InvalidOperationException">It fits nowhere.</exception>
    [Alias("Place"), AlwaysInterleave]
    Task<string> PlaceAsync(int shard, int replica, SiloCandidate[] candidates);
}

/// <summary>Looks at the files of versions, on a silo that has them. Key: 0.</summary>
[Alias("recall.index-files"), Version(1)]
public interface IIndexFilesGrain : IGrainWithIntegerKey
{
    /// <summary>The versions that can be published, without names to carry; what cannot be read is left out.</summary>
    [Alias("List")]
    Task<IndexVersion[]> ListAsync();

    /// <summary>Describes a version by where it is.</summary>
    /// <exception cref="InvalidDataException">It is broken; the message names the place.</exception>
    [Alias("Describe"), ResponseTimeout("00:10:00")]
    Task<IndexVersion> DescribeAsync(string title, string modelDirectory, string indexDirectory);
}
