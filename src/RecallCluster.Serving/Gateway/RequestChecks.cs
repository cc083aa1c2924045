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
        RequireAtMost(RequestLimits.MaxBlocks, request.BlockedCategories.Count, "blocked.categories");
        RequireAtMost(RequestLimits.MaxBlocks, request.BlockedAdvertisers.Count, "blocked.advertisers");
        RequireAtMost(RequestLimits.MaxBlocks, request.AllowedAdvertisers.Count, "allowedAdvertisers");
        RequireAtMost(RequestLimits.MaxBlocks, request.BlockedAds.Count, "blocked.ads");
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
        RequireAtMost(RequestLimits.MaxFormats, slot.Formats.Count, $"slots[{place}].formats");
        RequireAtMost(RequestLimits.MaxDeals, slot.Deals.Count, $"slots[{place}].deals");
        Require(!slot.DealsOnly || slot.Deals.Count > 0, $"slots[{place}].dealsOnly", "needs a deal.");
        foreach (FormatRequest format in slot.Formats)
            Require(
                format is { Width: >= 0, Height: >= 0, MinWidth: >= 0, MinHeight: >= 0 } && Enum.IsDefined(format.Kind),
                $"slots[{place}].formats", "has a format of negative size or of no kind.");
        foreach (DealOffer deal in slot.Deals)
            Require(!string.IsNullOrEmpty(deal.Id) && deal.Floor.Value >= 0 && deal.Floor <= AuctionBid.MaxBid, $"slots[{place}].deals",
                "has a deal without id or with a floor outside 0 to a billion units.");
    }

    // What is wrong is put into words only where something is: this is on the way of every request.
    private static void RequireAtMost(int most, int count, string field)
    {
        if (count > most)
            throw new InvalidRequestException(field, $"has at most {most} entries.");
    }

    private static void Require(bool condition, string field, string rule)
    {
        if (!condition)
            throw new InvalidRequestException(field, rule);
    }
}
