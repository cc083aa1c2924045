using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Contracts;

/// <summary>Live changes of ads, in one order for the whole cluster. Key: 0. What it answers is durable.</summary>
[Alias("recall.catalogue"), Version(1)]
public interface ICatalogueGrain : IGrainWithIntegerKey
{
    /// <summary>Takes an edit, as the JSON that the log keeps.</summary>
    /// <returns>Where readers find it.</returns>
    [Alias("Edit")]
    Task<(Guid Life, long Sequence)> EditAsync(byte[] edit);

    /// <summary>Where a reader is that knows everything.</summary>
    [Alias("Place"), AlwaysInterleave]
    Task<(Guid Life, long Sequence)> PlaceAsync();

    /// <summary>Waits until there is something new, at most some seconds.</summary>
    /// <param name="life">The life that the reader's place is of.</param>
    /// <param name="sequence">What the reader knows; 0 for nothing.</param>
    /// <returns>What is new; null where nothing is.</returns>
    [Alias("Next"), AlwaysInterleave]
    Task<CatalogueDelta?> NextAsync(Guid life, long sequence);
}
