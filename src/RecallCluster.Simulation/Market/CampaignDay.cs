using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Simulation.Market;

/// <summary>How a campaign's day in the market went.</summary>
public sealed record CampaignDay
{
    /// <summary>Number of the campaign.</summary>
    public required int Campaign { get; init; }

    /// <summary>The day's budget, in units of the currency.</summary>
    public required double Budget { get; init; }

    /// <summary>Sums over the day, as the controller sees them: predictions of the auctions won, and what was charged.</summary>
    public required TickSums Sums { get; init; }

    /// <summary>Wins that no lease had room for; the ad stood back.</summary>
    public required long Declined { get; init; }

    /// <summary>Auctions won and clicks by slot, best slot first.</summary>
    public required IReadOnlyList<SlotCounts> Slots { get; init; }

    /// <summary>Clicks that arrived during the day.</summary>
    public required long Clicks { get; init; }

    /// <summary>Conversions that arrived during the day.</summary>
    public required long Conversions { get; init; }

    /// <summary>Clicks that were not charged in full because no budget was left.</summary>
    public required long FreeEvents { get; init; }

    /// <summary>Sum of the true click probabilities of the auctions won: what pCTR sums are to be held against.</summary>
    public required double TrueClicks { get; init; }

    /// <summary>The weights of every tick.</summary>
    public required BidWeights[] Weights { get; init; }

    /// <summary>What was spent by the end of every tick, in units of the currency.</summary>
    public required double[] SpentBy { get; init; }

    /// <summary>All auctions in which the campaign could have bid, when they were asked for: the log whose optimum is R*.</summary>
    public AuctionLog? Auctions { get; init; }
}

/// <summary>How a campaign's day went in one slot.</summary>
/// <param name="Wins">Auctions in which it won the slot.</param>
/// <param name="Clicks">Clicks there that arrived during the day.</param>
/// <param name="TrueClicks">Sum of the true click probabilities of the auctions won, in that slot.</param>
public readonly record struct SlotCounts(long Wins, long Clicks, double TrueClicks);

/// <summary>How a day of the whole market went.</summary>
/// <param name="Day">Number of the day.</param>
/// <param name="Auctions">Auctions held.</param>
/// <param name="WonByUs">Slots that our campaigns won: of one slot an auction, the auctions.</param>
/// <param name="Revenue">What our campaigns were charged, in units of the currency.</param>
/// <param name="Campaigns">Our campaigns.</param>
public sealed record MarketDay(int Day, long Auctions, long WonByUs, double Revenue, IReadOnlyList<CampaignDay> Campaigns);
