using RecallCluster.Bidding.Goals;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Gateway;

/// <summary>Puts a campaign's sums into the terms of its product: value, numerators and denominators of its KPIs.</summary>
internal static class ReportMaker
{
    /// <param name="campaign">The campaign's settings.</param>
    /// <param name="tally">What happened.</param>
    /// <param name="conversionProbability">The pCVR that was bid with.</param>
    public static BidReport Of(CampaignSettings campaign, CampaignTally tally, double conversionProbability)
    {
        BidProduct product = BidProduct.ByName(campaign.Product);
        CampaignSums sums = tally.Sums;
        double value = product.NeedsConversions ? sums.Conversions : product == BidProduct.ImpressionCtr ? sums.Wins : sums.Clicks;
        return new BidReport
        {
            // Of somebody else's auctions, wins become known later than the auctions they are of.
            Auctions = Math.Max(sums.Auctions, sums.Wins),
            Wins = sums.Wins,
            Value = value,
            Numerators = product.LimitsCpc ? [sums.Cost] : product.LimitsCtr ? [sums.Wins] : [],
            Denominators = product.LimitsCpc || product.LimitsCtr ? [sums.Clicks] : [],
            Sample = tally.Sample.ToArray(),
            SampleWeight = Math.Max(1, tally.SampleWeight),
            ConversionProbability = conversionProbability,
        };
    }
}
