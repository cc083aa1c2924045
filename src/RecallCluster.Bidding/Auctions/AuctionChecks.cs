namespace RecallCluster.Bidding.Auctions;

/// <summary>Checks that every auction makes.</summary>
internal static class AuctionChecks
{
    public static void RequireRoom(in AuctionRequest request, Span<AuctionWin> wins)
    {
        if (request.Slots == 0)
            throw new ArgumentException("The request was not made by its constructor: it has no slots.", nameof(request));
        if (wins.Length < request.Slots)
            throw new ArgumentException($"{request.Slots} slots do not fit into {wins.Length} places.", nameof(wins));
    }
}
