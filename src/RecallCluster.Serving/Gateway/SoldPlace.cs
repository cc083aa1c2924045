using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Serving.Gateway;

/// <summary>A position that was sold, before it is put into words.</summary>
internal readonly record struct SoldPlace
{
    public required SlotRequest Slot { get; init; }

    /// <summary>The candidate's place.</summary>
    public required int Candidate { get; init; }

    public required int Position { get; init; }

    public required Micros Ecpm { get; init; }

    public required Micros Price { get; init; }

    public required bool IsPerClick { get; init; }

    /// <summary>The slot's deal that it was bought under, or -1.</summary>
    public required int Deal { get; init; }

    public required UInt128 WinId { get; init; }

    /// <summary>The lease that it was reserved on; 0 for a trial.</summary>
    public long Lease { get; init; }

    /// <summary>The win, as feedback will speak of it.</summary>
    public Win ToWin(in AuctionContext context, in Candidate candidate, int gateway) => new()
    {
        Id = WinId,
        RequestId = context.Request.Id,
        CampaignId = candidate.Campaign.Id,
        AdId = candidate.Id,
        UserId = context.UserId,
        Gateway = gateway,
        Lease = Lease,
        AuctionAt = context.Now,
        Price = Price,
        IsPerClick = IsPerClick,
        IsBidOnly = context.Request.Sale == SaleKind.BidOnly,
        RawClickProbability = candidate.RawClick,
        ClickModel = context.Clicks.Id,
        ClickProbability = candidate.Click,
        RawConversionProbability = candidate.Conversion,
        ConversionProbability = candidate.Conversion,
        Position = Position,
        Arms = context.Assignment.ToWon(),
    };
}
