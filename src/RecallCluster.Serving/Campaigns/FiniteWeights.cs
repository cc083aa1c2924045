using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// Weights as a bid book can hold them. Where nothing that costs is scarce the optimum's w0 is infinite and its other weights are
/// multipliers
/// (<see cref="BidWeights"/>); in its place stands the least w0 that wins every auction of a log in which something is to be gained.
/// </summary>
internal static class FiniteWeights
{
    private const double Margin = 1.2;

    /// <summary>w0, then one weight for each KPI, all finite.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="log">Auctions to win.</param>
    /// <param name="before">The weights until now, whose w0 is kept where the log says nothing; may be empty.</param>
    public static double[] Of(in BidWeights weights, AuctionLog? log, IReadOnlyList<double> before)
    {
        double value = weights.Value, scale = 1;
        if (weights.IsUnbounded)
        {
            double highest = 0;
            for (int i = 0; i < log?.Count; i++)
            {
                if (log.Value[i] > 0)
                    highest = Math.Max(highest, log.Cost[i] / log.Value[i]);
            }
            value = scale = highest > 0 ? Margin * highest : before.Count > 0 ? before[0] : 1;
        }
        var finite = new double[1 + weights.Count];
        finite[0] = value;
        for (int j = 0; j < weights.Count; j++)
            finite[j + 1] = weights[j] * scale;
        return finite;
    }

    /// <summary>The weights of an array: w0, then one for each KPI.</summary>
    /// <exception cref="InvalidDataException">There are none, or more than any product has KPIs.</exception>
    public static BidWeights Read(IReadOnlyList<double> weights)
    {
        // What comes from a file must not decide on the size of the stack.
        if (weights.Count is < 1 or > 1 + KpiValues.MaxCount)
            throw new InvalidDataException($"There are {weights.Count} bid weights; 1 to {1 + KpiValues.MaxCount} are wanted.");
        Span<double> kpis = stackalloc double[weights.Count - 1];
        for (int j = 0; j < kpis.Length; j++)
            kpis[j] = weights[j + 1];
        return new BidWeights(weights[0], kpis);
    }
}
