namespace RecallCluster.Bidding.Auctions;

/// <summary>What an advertiser bids for and what it is charged for.</summary>
public enum PricingModel
{
    /// <summary>The bid is for a click, and a click is charged.</summary>
    Cpc,

    /// <summary>The bid is for a thousand impressions, and an impression is charged.</summary>
    Cpm,

    /// <summary>The bid is the wanted cost of a conversion; a click is charged, worth pCVR times the bid.</summary>
    OptimizedCpc,

    /// <summary>The bid is the wanted cost of a conversion; an impression is charged, worth pCTR times pCVR times the bid.</summary>
    OptimizedCpm,
}
