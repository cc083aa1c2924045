namespace RecallCluster.AdServer;

/// <summary>What a publisher knows of a campaign: what its door acknowledged, and what was true. Money in units of the currency.</summary>
public sealed record CampaignPage
{
    /// <summary>Events that counted and whose cost nobody told: the door was killed before its answer came.</summary>
    public long Unpriced { get; internal set; }

    /// <summary>Impressions that counted.</summary>
    public long Impressions { get; internal set; }

    /// <summary>Clicks that counted.</summary>
    public long Clicks { get; internal set; }

    /// <summary>Conversions that counted.</summary>
    public long Conversions { get; internal set; }

    /// <summary>What was charged.</summary>
    public decimal Charged { get; internal set; }

    /// <summary>Sum of the click probabilities that were bid with, over the impressions that counted.</summary>
    public double PredictedClicks { get; internal set; }

    /// <summary>Sum of the products of click and conversion probability that were bid with.</summary>
    public double PredictedConversions { get; internal set; }

    /// <summary>Sum of the true click probabilities.</summary>
    public double TrueClicks { get; internal set; }

    /// <summary>Sum of the true products of click and conversion probability.</summary>
    public double TrueConversions { get; internal set; }

    /// <summary>What was charged by the end of each hour of the day, for events up to then.</summary>
    public decimal[] ChargedByHour { get; } = new decimal[24];
}
