using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Simulation.Market;

/// <summary>The auctions in which one campaign could have bid, as growing columns.</summary>
internal sealed class OpportunityLog(MarketCampaign campaign)
{
    private double[] _clicks = new double[1024];
    private double[] _conversions = new double[1024];
    private double[] _costs = new double[1024];

    public int Count { get; private set; }

    public void Add(double click, double conversion, double cost)
    {
        if (Count == _costs.Length)
        {
            Array.Resize(ref _clicks, 2 * Count);
            Array.Resize(ref _conversions, 2 * Count);
            Array.Resize(ref _costs, 2 * Count);
        }
        _clicks[Count] = click;
        _conversions[Count] = click * conversion;
        _costs[Count++] = cost;
    }

    /// <summary>The auctions from <paramref name="first"/> on, as a copy that later auctions do not touch.</summary>
    public AuctionLog ToLog(int first)
    {
        int count = Count - first;
        ReadOnlyMemory<double> clicks = _clicks.AsSpan(first, count).ToArray(), conversions = _conversions.AsSpan(first, count).ToArray();
        ReadOnlyMemory<double> ones = Enumerable.Repeat(1.0, count).ToArray();
        ReadOnlyMemory<double> Column(MarketEvent of) => of switch
        {
            MarketEvent.Impression => ones,
            MarketEvent.Click => clicks,
            _ => conversions,
        };
        var p = new ReadOnlyMemory<double>[campaign.KpiEvents.Count];
        var q = new ReadOnlyMemory<double>[p.Length];
        for (int j = 0; j < p.Length; j++)
        {
            p[j] = Column(campaign.KpiEvents[j]);
            q[j] = campaign.Goal.Kpis[j].Kind == KpiKind.Other ? ones : default;
        }
        return new AuctionLog(Column(campaign.Value), _costs.AsSpan(first, count).ToArray(), p, q);
    }

    public void Clear() => Count = 0;
}
