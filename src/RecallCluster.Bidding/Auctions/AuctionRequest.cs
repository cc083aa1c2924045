using RecallCluster.Bidding.Money;

namespace RecallCluster.Bidding.Auctions;

/// <summary>What is on sale, and who may not have it.</summary>
public readonly ref struct AuctionRequest
{
    /// <summary>The most slots of one auction.</summary>
    public const int MaxSlots = 64;

    /// <summary>A request for <paramref name="slots"/> ads, best slot first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// Slots are not in 1 to <see cref="MaxSlots"/>, the floor is negative, or an advertiser may have no ad at all.
    /// </exception>
    public AuctionRequest(int slots, Micros floor = default, int maxAdsPerAdvertiser = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slots, MaxSlots);
        ArgumentOutOfRangeException.ThrowIfNegative(floor.Value, nameof(floor));
        ArgumentOutOfRangeException.ThrowIfLessThan(maxAdsPerAdvertiser, 1);
        Slots = slots;
        Floor = floor;
        MaxAdsPerAdvertiser = maxAdsPerAdvertiser;
    }

    /// <summary>Number of slots.</summary>
    public int Slots { get; }

    /// <summary>Reserve price, for a thousand impressions: an ad of a lower eCPM is not shown, and no slot is sold for less.</summary>
    public Micros Floor { get; }

    /// <summary>The most ads of one advertiser; its ads beyond that do not set prices either.</summary>
    public int MaxAdsPerAdvertiser { get; }

    /// <summary>Categories that the publisher blocks.</summary>
    public ReadOnlySpan<int> BlockedCategories { get; init; }

    /// <summary>Advertisers that the publisher blocks.</summary>
    public ReadOnlySpan<int> BlockedAdvertisers { get; init; }

    internal bool Blocks(in AuctionBid bid) =>
        (!BlockedAdvertisers.IsEmpty && BlockedAdvertisers.Contains(bid.AdvertiserId))
        || (!BlockedCategories.IsEmpty && bid.Categories is { } categories && BlockedCategories.ContainsAny(categories));
}
