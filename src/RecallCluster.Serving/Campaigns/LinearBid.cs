using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// The optimal bid of a product as a line over pCTR, the campaign's pCVR given: slope · pCTR + offset, in cost per impression.
/// </summary>
internal readonly record struct LinearBid(double Slope, double Offset)
{
    /// <summary>The line of finite weights; see <see cref="BidFormula"/> and the products' formulas at <see cref="BidProduct"/>.</summary>
    public static LinearBid Of(BidProduct product, ReadOnlySpan<KpiConstraint> kpis, in BidWeights weights, double conversionProbability)
    {
        double slope = 0, offset = 0;
        if (product == BidProduct.ImpressionCtr)
            offset = weights.Value;
        else
            slope = weights.Value * (product.NeedsConversions ? conversionProbability : 1);
        for (int j = 0; j < kpis.Length; j++)
        {
            // Every KPI of the presets has p = pCTR; q, where there is one, is 1 an impression.
            slope += weights[j] * kpis[j].Limit;
            offset -= kpis[j].Kind == KpiKind.Other ? weights[j] : 0;
        }
        return new LinearBid(slope, offset);
    }
}
