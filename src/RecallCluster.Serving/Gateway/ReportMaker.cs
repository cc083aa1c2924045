using RecallCluster.Bidding.Goals;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Gateway;

/// <summary>Puts a campaign's sums into the terms of its product: value, numerators and denominators of its KPIs.</summary>
internal static class ReportMaker
{
    /// <param name="campaign">The campaign's settings.</param>
    /// <param name="tally">What happened.</param>
    /// <param name="conversionProbability">The pCVR that was bid with.</param>
    /// <param name="random">Draws the sample.</param>
    public static BidReport Of(CampaignSettings campaign, CampaignTally tally, double conversionProbability, SeededRandom random)
    {
        BidProduct product = BidProduct.ByName(campaign.Product);
        CampaignSums sums = tally.Sums;
        double value = product.NeedsConversions ? sums.Conversions : product == BidProduct.ImpressionCtr ? sums.Wins : sums.Clicks;
        AuctionSample[] sample = tally.Draw(random, out double weight);
        return new BidReport
        {
            // Of somebody else's auctions, wins become known later than the auctions they are of.
            Auctions = Math.Max(sums.Auctions + (long)Math.Round(sums.Surveyed), sums.Wins),
            Wins = sums.Wins,
            Value = value,
            Numerators = product.LimitsCpc ? [sums.Cost] : product.LimitsCtr ? [sums.Wins] : [],
            Denominators = product.LimitsCpc || product.LimitsCtr ? [sums.Clicks] : [],
            Sample = sample,
            SampleWeight = sample.Length > 0 ? weight : 1,
            ConversionProbability = conversionProbability,
        };
    }
}
