using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Workflows;

/// <summary>A product with its limits as given on the command line.</summary>
internal sealed record BidGoalChoice(BidProduct Product, double? Cpc, double? Ctr, double? Pcvr)
{
    /// <exception cref="UsageException">A limit that the product needs is missing or none.</exception>
    public CampaignGoal Goal(double budget)
    {
        if (Product.LimitsCpc && Cpc is null)
            throw new UsageException($"product {Product.Name} needs --cpc.");
        if (Product.LimitsCtr && Ctr is null)
            throw new UsageException($"product {Product.Name} needs --ctr.");
        try
        {
            return Product.Goal(budget, Cpc ?? double.NaN, Ctr ?? double.NaN);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <exception cref="UsageException">The log lacks a column.</exception>
    public AuctionLog Columns(BidLog log)
    {
        if (Product.NeedsConversions && Pcvr is null && !log.Columns.ContainsKey("pcvr"))
            throw new UsageException($"product {Product.Name} needs a column pcvr, or --pcvr.");
        if (Pcvr is < 0 or > 1)
            throw new UsageException($"--pcvr wants a probability, not {Pcvr}.");
        return log.For(Product, Pcvr);
    }
}
