using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Simulation.Market;

/// <summary>What a campaign counts as value, or in the denominator of a KPI.</summary>
public enum MarketEvent
{
    /// <summary>An impression: 1 an auction won.</summary>
    Impression,

    /// <summary>A click: pCTR an auction won.</summary>
    Click,

    /// <summary>A conversion: pCTR times pCVR an auction won.</summary>
    Conversion,
}

/// <summary>One of our campaigns in the simulated market. Money of the goal is in units of the currency.</summary>
public sealed record MarketCampaign
{
    /// <summary>
    /// Daily budget and KPIs, which are per <see cref="KpiEvents"/>; a KPI that is not cost-related has q = 1 an impression.
    /// </summary>
    public required CampaignGoal Goal { get; init; }

    /// <summary>What winning is worth.</summary>
    public MarketEvent Value { get; init; } = MarketEvent.Click;

    /// <summary>The denominator of each KPI.</summary>
    public IReadOnlyList<MarketEvent> KpiEvents { get; init; } = [];

    /// <summary>What is charged: an impression, or a click.</summary>
    public PricingModel Pricing { get; init; } = PricingModel.Cpm;

    /// <summary>The highest bid for one impression, in units of the currency.</summary>
    public double BidCap { get; init; } = 1;

    /// <summary>How the ledger spreads the budget; a controller that paces by itself wants the whole of it.</summary>
    public PacingMode Pacing { get; init; } = PacingMode.AsFastAsPossible;

    /// <summary>
    /// How often one user may see the ad; empty for no limit. In an auction that a rule forbids the campaign has no part.
    /// </summary>
    public IReadOnlyList<FrequencyRule> FrequencyRules { get; init; } = [];

    /// <exception cref="ArgumentException">The parts do not fit together.</exception>
    internal void Check()
    {
        if (KpiEvents.Count != Goal.Kpis.Length)
            throw new ArgumentException($"{KpiEvents.Count} events do not fit {Goal.Kpis.Length} KPIs.");
        if (Pricing is not (PricingModel.Cpm or PricingModel.Cpc))
            throw new ArgumentException(
                $"A controller's bid is for an impression; it is charged by {PricingModel.Cpm} or {PricingModel.Cpc}, not by {Pricing}.");
        if (FrequencyRules.Any(rule => rule.Impressions < 1 || rule.Within <= TimeSpan.Zero))
            throw new ArgumentException($"A rule of {nameof(FrequencyRules)} allows 1 impression or more within a span above zero.");
        if (!(BidCap > 0) || !double.IsFinite(BidCap))
            throw new ArgumentException($"{nameof(BidCap)} is {BidCap}; it is finite and above 0.");
    }
}
