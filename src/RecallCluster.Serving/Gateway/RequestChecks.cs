using RecallCluster.Bidding.Auctions;

namespace RecallCluster.Serving.Gateway;

/// <summary>What a request must be like to be answered.</summary>
internal static class RequestChecks
{
    private static readonly string IdRule = $"has 1 to {RequestLimits.MaxIdBytes} bytes.";
    private static readonly TimeSpan LongestDeadline = TimeSpan.FromDays(1);

    /// <exception cref="InvalidRequestException">The request makes no sense; the message names the field.</exception>
    public static void Check(AdRequest request)
    {
        Require(RequestLimits.IsId(request.Id), "id", IdRule);
        Require(request.User.Id is null || RequestLimits.IsId(request.User.Id), "user.id", IdRule);
        Require(request.Slots is { Count: > 0 and <= RequestLimits.MaxSlots }, "slots", $"has 1 to {RequestLimits.MaxSlots} entries.");
        Require(request.MaxScorings is null or > 0, "maxScorings", "is positive.");
        Require(request.Deadline is null || (request.Deadline > TimeSpan.Zero && request.Deadline <= LongestDeadline), "deadlineMs",
            "is positive and at most a day.");
        Require(Enum.IsDefined(request.Sale), "sale", "is no kind of sale.");
        Require(request.BlockedCategories.Count <= RequestLimits.MaxBlocks, "blocked.categories", $"has at most {RequestLimits.MaxBlocks} entries.");
        Require(request.BlockedAdvertisers.Count <= RequestLimits.MaxBlocks, "blocked.advertisers", $"has at most {RequestLimits.MaxBlocks} entries.");
        Require(request.AllowedAdvertisers.Count <= RequestLimits.MaxBlocks, "allowedAdvertisers", $"has at most {RequestLimits.MaxBlocks} entries.");
        Require(request.BlockedAds.Count <= RequestLimits.MaxBlocks, "blocked.ads", $"has at most {RequestLimits.MaxBlocks} entries.");
        for (int i = 0; i < request.Slots.Count; i++)
            Check(request.Slots, i);
    }

    private static void Check(IReadOnlyList<SlotRequest> slots, int place)
    {
        SlotRequest slot = slots[place];
        Require(!string.IsNullOrEmpty(slot.Id), $"slots[{place}].id", "is empty.");
        for (int i = 0; i < place; i++)
            Require(slots[i].Id != slot.Id, $"slots[{place}].id", $"'{slot.Id}' is there twice.");
        Require(slot.Count is > 0 and <= RequestLimits.MaxAdsOfSlot, $"slots[{place}].count", $"is 1 to {RequestLimits.MaxAdsOfSlot}.");
        Require(slot.Floor.Value >= 0 && slot.Floor <= AuctionBid.MaxBid, $"slots[{place}].floor", "is 0 to a billion units.");
        Require(slot.Formats.Count <= RequestLimits.MaxFormats, $"slots[{place}].formats", $"has at most {RequestLimits.MaxFormats} entries.");
        Require(slot.Deals.Count <= RequestLimits.MaxDeals, $"slots[{place}].deals", $"has at most {RequestLimits.MaxDeals} entries.");
        Require(!slot.DealsOnly || slot.Deals.Count > 0, $"slots[{place}].dealsOnly", "needs a deal.");
        foreach (FormatRequest format in slot.Formats)
            Require(format is { Width: >= 0, Height: >= 0, MinWidth: >= 0, MinHeight: >= 0 } && Enum.IsDefined(format.Kind), $"slots[{place}].formats",
                "has a format of negative size or of no kind.");
        foreach (DealOffer deal in slot.Deals)
            Require(!string.IsNullOrEmpty(deal.Id) && deal.Floor.Value >= 0 && deal.Floor <= AuctionBid.MaxBid, $"slots[{place}].deals",
                "has a deal without id or with a floor outside 0 to a billion units.");
    }

    private static void Require(bool condition, string field, string rule)
    {
        if (!condition)
            throw new InvalidRequestException(field, rule);
    }
}
