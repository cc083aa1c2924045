using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// Weights for a campaign that has neither a history nor weights of its own: a bid that the market's usual cost per click would win with,
/// and KPI
/// weights in the middle of what they can be, where a controller can move them either way.
/// </summary>
internal static class StartEstimate
{
    private const double KpiShare = 0.5, CtrShare = 0.1;

    /// <summary>The weights: w0, then one for each KPI.</summary>
    /// <param name="settings">The campaign.</param>
    /// <param name="market">What clicks cost and how often they happen.</param>
    public static double[] Of(CampaignSettings settings, MarketLevel market)
    {
        BidProduct product = BidProduct.ByName(settings.Product);
        double perClick = settings.MaxCpc is { } cpc && product.LimitsCpc ? Math.Min(cpc, market.CostPerClick) : market.CostPerClick;
        if (product == BidProduct.ImpressionCtr)
            return [perClick * market.ClickRate, CtrShare * perClick * market.ClickRate];
        double perValue = product.NeedsConversions ? perClick / market.ConversionRate : perClick;
        if (product.LimitsCpc)
            return [(1 - KpiShare) * perValue, KpiShare];
        return product.LimitsCtr ? [perValue, CtrShare * perClick * market.ClickRate] : [perValue];
    }
}

/// <summary>What the market is like where a campaign knows nothing of its own.</summary>
/// <param name="CostPerClick">Usual cost of a click, in units of the currency; above 0.</param>
/// <param name="ClickRate">Usual CTR; in (0, 1).</param>
/// <param name="ConversionRate">Usual conversion rate of a click; in (0, 1).</param>
public sealed record MarketLevel(double CostPerClick = 0.5, double ClickRate = 0.02, double ConversionRate = 0.05)
{
    private const int FewestClicks = 200;

    /// <summary>The market by today's books of all campaigns; this one while there are few clicks in them.</summary>
    public MarketLevel Observed(IEnumerable<DayAccount> accounts)
    {
        ArgumentNullException.ThrowIfNull(accounts);
        double spent = 0;
        long clicks = 0, impressions = 0;
        foreach (DayAccount today in accounts)
        {
            spent += today.Spent.ToUnits();
            (clicks, impressions) = (clicks + today.Clicks, impressions + today.Impressions);
        }
        return Observed(spent, impressions, clicks);
    }

    /// <summary>The market by what all campaigns had today; this one while there are few clicks in it.</summary>
    /// <param name="spent">What they spent, in units of the currency.</param>
    /// <param name="impressions">Their impressions.</param>
    /// <param name="clicks">Their clicks.</param>
    internal MarketLevel Observed(double spent, long impressions, long clicks) =>
        clicks < FewestClicks || spent <= 0 || impressions <= clicks
            ? this
            : this with { CostPerClick = spent / clicks, ClickRate = (double)clicks / impressions };
}
