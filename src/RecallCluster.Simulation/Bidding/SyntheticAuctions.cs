using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Bidding;

/// <summary>
/// Logs of independent auctions with log-normal values and costs that rise with quality, for benchmarks and tests of solvers: conversions
/// as the value, and two KPIs, cost per click and impressions per click.
/// </summary>
public static class SyntheticAuctions
{
    /// <summary>A log of <paramref name="count"/> auctions; equal seeds give equal logs.</summary>
    public static AuctionLog Draw(int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var random = new SeededRandom(seed);
        double[] value = new double[count], cost = new double[count], p = new double[count], ones = new double[count];
        for (int i = 0; i < count; i++)
        {
            double quality = random.NextGaussian();
            p[i] = Math.Exp(-4 + quality);
            value[i] = p[i] * Math.Exp(-2 + (0.5 * random.NextGaussian()));
            cost[i] = Math.Exp(-1 + (0.4 * quality) + (0.6 * random.NextGaussian()));
            ones[i] = 1;
        }
        return new AuctionLog(value, cost, [p, p], [default, ones]);
    }

    /// <summary>A goal for such a log. With shares well below 1 the budget and both KPIs bind.</summary>
    /// <param name="log">The log.</param>
    /// <param name="budget">Budget, as a share of the log's total cost.</param>
    /// <param name="costPerClick">Highest cost per click, as a share of that of the whole log.</param>
    /// <param name="impressionsPerClick">Most impressions per click, likewise.</param>
    public static CampaignGoal Goal(AuctionLog log, double budget, double costPerClick, double impressionsPerClick)
    {
        ArgumentNullException.ThrowIfNull(log);
        double cost = Sum(log.Cost), clicks = Sum(log.P(0));
        return new CampaignGoal(
            budget * cost,
            new KpiConstraint("cpc", KpiKind.CostRelated, costPerClick * cost / clicks),
            new KpiConstraint("1/ctr", KpiKind.Other, impressionsPerClick * log.Count / clicks));
    }

    private static double Sum(ReadOnlySpan<double> column)
    {
        double sum = 0;
        foreach (double x in column)
            sum += x;
        return sum;
    }
}
