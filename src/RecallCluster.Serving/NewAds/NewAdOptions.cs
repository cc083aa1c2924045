namespace RecallCluster.Serving.NewAds;

/// <summary>How many ads that the index does not know may be put into its shards.</summary>
public sealed record NewAdOptions
{
    /// <summary>
    /// Most ads, over all shards. Each takes memory (about as much as an ad of the index) and, at a start, the time to be put in again,
    /// some milliseconds; an index that was built with them gives the room back.
    /// </summary>
    public int MaxAds { get; init; } = 20_000;

    /// <summary>
    /// Most times that ads may be put in, in anew, or taken out of one shard until the version is loaded again: what was replaced keeps its
    /// memory until then.
    /// </summary>
    public int MaxChanges { get; init; } = 200_000;

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(MaxAds);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxChanges);
    }
}

/// <summary>There is no room for a further ad that the index does not know; nothing was changed.</summary>
/// <param name="message">What the limit is, and what to do.</param>
public sealed class NewAdsFullException(string message) : Exception(message);
