using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Optimization;

/// <summary>
/// Which auctions to win, had one known them all: maximise the sum of x_i v_i over 0 &lt;= x_i &lt;= 1 subject to the budget and to every
/// KPI. With <see cref="Accrued"/> it is the same problem for the rest of a day: what was spent, gained and counted so far stays.
/// </summary>
public sealed class BidProblem
{
    /// <summary>The problem of one campaign over <paramref name="log"/>.</summary>
    /// <exception cref="ArgumentException">The log lacks a KPI's columns, or a sum that has accrued is negative or not finite.</exception>
    public BidProblem(AuctionLog log, CampaignGoal goal, in TickSums accrued = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(goal);
        log.RequireColumnsFor(goal.Kpis);
        Check(accrued.Value, "value");
        Check(accrued.Spent, "spent");
        for (int j = 0; j < goal.Kpis.Length; j++)
        {
            Check(accrued.Numerator(j), goal.Kpis[j].Name);
            Check(accrued.Denominator(j), goal.Kpis[j].Name);
        }
        Log = log;
        Goal = goal;
        Accrued = accrued;
    }

    /// <summary>The auctions to choose from.</summary>
    public AuctionLog Log { get; }

    /// <summary>Budget of the whole day and KPIs.</summary>
    public CampaignGoal Goal { get; }

    /// <summary>What the day has brought before the first auction of the log.</summary>
    public TickSums Accrued { get; }

    private static void Check(double sum, string name)
    {
        if (!(sum >= 0) || double.IsInfinity(sum))
            throw new ArgumentException($"What has accrued of '{name}' is {sum}; it has to be finite and 0 or more.");
    }
}
