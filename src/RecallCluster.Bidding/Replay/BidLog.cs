using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Replay;

/// <summary>
/// A log of auctions as read from a file: cost per impression, named columns (pctr, pcvr, click, ...) and, perhaps, hours.
/// </summary>
/// <param name="Cost">What each impression cost, in units of money.</param>
/// <param name="Columns">Numbers by name and auction.</param>
/// <param name="Hours">Hour of each auction, or null.</param>
public sealed record BidLog(double[] Cost, IReadOnlyDictionary<string, double[]> Columns, double[]? Hours)
{
    /// <summary>Number of auctions.</summary>
    public int Count => Cost.Length;

    /// <summary>A column by its name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public double[] Column(string name) => Columns.TryGetValue(name, out double[]? column)
        ? column
        : throw new ArgumentException($"The log has no column '{name}'; it has: cost, {string.Join(", ", Columns.Keys)}.", nameof(name));

    /// <summary>The log as a product sees it.</summary>
    /// <param name="product">Objective and KPIs.</param>
    /// <param name="pcvr">Conversion probability of every click, where the log has no column pcvr.</param>
    /// <exception cref="ArgumentException">A column that the product needs is missing or holds an impossible number.</exception>
    public AuctionLog For(BidProduct product, double? pcvr = null)
    {
        ArgumentNullException.ThrowIfNull(product);
        double[] conversions = [];
        if (product.NeedsConversions)
        {
            if (pcvr is { } constant && !Columns.ContainsKey("pcvr"))
                Array.Fill(conversions = new double[Count], constant);
            else
                conversions = Column("pcvr");
        }
        return product.Columns(Cost, Column("pctr"), conversions);
    }
}
