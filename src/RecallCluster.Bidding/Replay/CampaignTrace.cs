using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Replay;

/// <summary>The auctions that one campaign could have won, in order, as columns.</summary>
public sealed class CampaignTrace
{
    private CampaignTrace(long campaign, DateTimeOffset[] times, double[] clicks, double[] conversions, double[] costs) =>
        (Campaign, Times, Clicks, Conversions, Costs) = (campaign, times, clicks, conversions, costs);

    /// <summary>The campaign.</summary>
    public long Campaign { get; }

    /// <summary>Number of auctions.</summary>
    public int Count => Times.Length;

    /// <summary>When each was held.</summary>
    public DateTimeOffset[] Times { get; }

    /// <summary>pCTR of the campaign's best ad.</summary>
    public double[] Clicks { get; }

    /// <summary>pCVR of a click on it.</summary>
    public double[] Conversions { get; }

    /// <summary>What one impression would have cost, in units of the currency (<see cref="TracedAuction.CostToWin"/>).</summary>
    public double[] Costs { get; }

    /// <summary>The columns as a product's log, whose optimum is R*.</summary>
    /// <exception cref="ArgumentNullException">There is no product.</exception>
    public AuctionLog ToLog(BidProduct product)
    {
        ArgumentNullException.ThrowIfNull(product);
        return product.Columns(Costs, Clicks, Conversions);
    }

    /// <summary>Every campaign's part of a day's auctions, by campaign.</summary>
    public static IReadOnlyDictionary<long, CampaignTrace> Of(IReadOnlyList<TracedAuction> auctions)
    {
        ArgumentNullException.ThrowIfNull(auctions);
        var rows = new Dictionary<long, List<(int Auction, int Bid)>>();
        for (int auction = 0; auction < auctions.Count; auction++)
        {
            TracedBid[] bids = auctions[auction].Bids;
            for (int bid = 0; bid < bids.Length; bid++)
            {
                if (!rows.TryGetValue(bids[bid].Campaign, out List<(int Auction, int Bid)>? own))
                    rows.Add(bids[bid].Campaign, own = []);
                own.Add((auction, bid));
            }
        }
        return rows.ToDictionary(entry => entry.Key, entry => Columns(entry.Key, entry.Value, auctions));
    }

    private static CampaignTrace Columns(long campaign, List<(int Auction, int Bid)> rows, IReadOnlyList<TracedAuction> auctions)
    {
        var times = new DateTimeOffset[rows.Count];
        double[] clicks = new double[rows.Count], conversions = new double[rows.Count], costs = new double[rows.Count];
        for (int i = 0; i < rows.Count; i++)
        {
            TracedAuction auction = auctions[rows[i].Auction];
            TracedBid bid = auction.Bids[rows[i].Bid];
            (times[i], clicks[i], conversions[i]) = (auction.At, bid.ClickProbability, bid.ConversionProbability);
            costs[i] = auction.CostToWin(rows[i].Bid);
        }
        return new CampaignTrace(campaign, times, clicks, conversions, costs);
    }
}
