using System.Text;
using RecallCluster.Bidding.Auctions;

namespace RecallCluster.Serving;

/// <summary>
/// How large a request may be, whichever door it comes through. A door may be stricter; what it lets in beyond is refused.
/// </summary>
public static class RequestLimits
{
    /// <summary>Most slots of a request.</summary>
    public const int MaxSlots = 64;

    /// <summary>Most ads of a slot: one less than an auction can sell, because the next one is looked at too.</summary>
    public const int MaxAdsOfSlot = AuctionRequest.MaxSlots - 1;

    /// <summary>Most formats of a slot.</summary>
    public const int MaxFormats = 64;

    /// <summary>Most deals of a slot.</summary>
    public const int MaxDeals = 64;

    /// <summary>Most entries of a block list, and of a list of what is allowed.</summary>
    public const int MaxBlocks = 10_000;

    /// <summary>
    /// Longest id of a request, a user or an ad, in bytes of UTF-8: a win's three ids travel in one tracking token, which is no longer than
    /// a URL may be.
    /// </summary>
    public const int MaxIdBytes = 256;

    /// <summary>Whether an id is neither empty nor too long.</summary>
    public static bool IsId(string? id) =>
        id is { Length: > 0 and <= MaxIdBytes } && Encoding.UTF8.GetByteCount(id) <= MaxIdBytes;
}
