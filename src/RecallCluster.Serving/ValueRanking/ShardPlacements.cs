namespace RecallCluster.Serving.ValueRanking;

/// <summary>
/// Whose each ad of a shard is and what kind it is, by internal ordinal. The gateway decides per request which campaigns and which facets
/// are eligible; the shard tests two bits for each ad.
/// </summary>
/// <param name="Version">
/// The shard version whose ordinals these are: those of its index, then those of its <see cref="NewAds.ShardAdditions"/>.
/// </param>
/// <param name="Revision">Grows with every change.</param>
/// <param name="CampaignOf">Campaign number of each ad (the place in a <see cref="BidBook"/>); -1 for an ad that must not be shown.</param>
/// <param name="FacetOf">Facet number of each ad: ads of equal format, size and categories share one.</param>
public sealed record ShardPlacements(string Version, long Revision, ReadOnlyMemory<int> CampaignOf, ReadOnlyMemory<int> FacetOf);

/// <summary>Asks a shard for the ads of highest expected value instead of highest interest.</summary>
/// <param name="Campaigns">A bit for each campaign number: whether it may be shown for this request (budget, targeting, caps,
/// blocks).</param>
/// <param name="Facets">A bit for each facet number: whether it fits a slot and is not blocked.</param>
public sealed record ValueQuery(ReadOnlyMemory<ulong> Campaigns, ReadOnlyMemory<ulong> Facets)
{
    /// <summary>From scores to raw click probabilities; the retriever names that of the version it asks.</summary>
    public ClickScale Scale { get; init; } = ClickScale.Logits;

    /// <summary>
    /// Ranks by the calibrated click probability instead of the bid: of each campaign those ads come first that it would bid most for, also
    /// where that is nothing.
    /// </summary>
    public bool ByClick { get; init; }

    /// <summary>Most ads of one campaign in the answer, so that a campaign of many ads leaves room for others; at least 1.</summary>
    public int MostPerCampaign { get; init; } = int.MaxValue;
}
