using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RecallCluster.Grains.Contracts;

/// <summary>
/// The versions of what trained bid controllers learned, with all of their files, and the way from one to the next:
/// <code>
/// publish ─► campaigns replay their sampled auctions with both ─► every campaign decides with it from its next tick on
///                                     └─ worse than its limits, or too few ─► refused
/// </code>
/// Key: 0.
/// </summary>
[Alias("recall.actors"), Version(1)]
public interface IActorsGrain : IGrainWithIntegerKey, IRolloutGrain
{
    /// <summary>Begins to roll a version out.</summary>
    /// <param name="name">The name that people know it by.</param>
    /// <param name="files">Contents by file name; checked by who sends them.</param>
    /// <param name="limits">What it must show, as JSON; null for what is configured.</param>
    /// <returns>How it stands, as JSON.</returns>
    /// <exception cref="InvalidOperationException">Another one is on its way.</exception>
    [Alias("Publish")]
    Task<byte[]> PublishAsync(string name, Dictionary<string, byte[]> files, byte[]? limits);

    /// <summary>How often the plan has changed.</summary>
    [Alias("Revision"), AlwaysInterleave]
    Task<long> RevisionAsync();

    /// <summary>Waits until the plan is another one, at most some seconds.</summary>
    /// <param name="revision">The one that is known; negative for none.</param>
    /// <returns>The plan with its versions, as JSON; null where there is no other.</returns>
    [Alias("Next"), AlwaysInterleave]
    Task<byte[]?> NextAsync(long revision);
}
