using RecallCluster.Bidding.Formula;

namespace RecallCluster.Bidding.Optimization;

/// <summary>How a <see cref="BidProblem"/> ended.</summary>
public enum BidStatus
{
    /// <summary>Solved as asked.</summary>
    Optimal,

    /// <summary>What has accrued cannot be mended by the auctions left; the solution keeps limits relaxed as little as possible.</summary>
    KpiOutOfReach,

    /// <summary>A KPI cannot be met at any limit (cost has accrued and nothing is left that counts): the plan is to win nothing.</summary>
    KpiHopeless,

    /// <summary>
    /// Nothing has accrued and no auction of value can be won within the limits: the plan is to win nothing. <see cref="KpiReach"/> tells
    /// which limits would do.
    /// </summary>
    NothingWithinLimits,
}

/// <summary>An auction that the optimal plan wins in part; there are at most as many as constraints.</summary>
/// <param name="Auction">Its place in the log.</param>
/// <param name="Share">How much of it, in (0, 1).</param>
public readonly record struct FractionalAuction(int Auction, double Share);

/// <summary>A KPI under the optimal plan, what has accrued included.</summary>
/// <param name="Name">The KPI.</param>
/// <param name="Limit">The limit asked for.</param>
/// <param name="LimitKept">The limit that the plan keeps: the same, or the closest that can be kept when it is out of reach.</param>
/// <param name="Numerator">Sum of costs, or of q.</param>
/// <param name="Denominator">Sum of p.</param>
/// <param name="Multiplier">Its dual variable, in value per unit of numerator.</param>
public sealed record KpiOutcome(string Name, double Limit, double LimitKept, double Numerator, double Denominator, double Multiplier)
{
    /// <summary>The KPI reached; NaN when nothing was counted.</summary>
    public double Ratio => Numerator / Denominator;
}

/// <summary>The optimum of a <see cref="BidProblem"/>.</summary>
public sealed class BidSolution
{
    private readonly byte[] _won;

    internal BidSolution(byte[] won) => _won = won;

    /// <summary>Solved as asked, or with relaxed KPIs.</summary>
    public required BidStatus Status { get; init; }

    /// <summary>The weights whose bids win the optimal auctions.</summary>
    public required BidWeights Weights { get; init; }

    /// <summary>R*: the value of the plan, what has accrued included.</summary>
    public required double Value { get; init; }

    /// <summary>The bound that the dual variables prove; equal to <see cref="Value"/> up to rounding.</summary>
    public required double Bound { get; init; }

    /// <summary>Cost of the plan, what has accrued included.</summary>
    public required double Spent { get; init; }

    /// <summary>Dual variable of the budget: value that one more unit of budget would bring.</summary>
    public required double BudgetMultiplier { get; init; }

    /// <summary>By how much the budget was overspent before the log began; 0 normally. Only free auctions are won then.</summary>
    public required double Overspent { get; init; }

    /// <summary>The KPIs, in the order of the goal.</summary>
    public required IReadOnlyList<KpiOutcome> Kpis { get; init; }

    /// <summary>The auctions won in part.</summary>
    public required IReadOnlyList<FractionalAuction> Fractional { get; init; }

    /// <summary>Simplex iterations, over all subproblems.</summary>
    public required int Iterations { get; init; }

    /// <summary>Primal-dual gap relative to the bound, or where that is smaller to the mean value of an auction.</summary>
    public double RelativeGap => Math.Abs(Bound - Value) / Math.Max(Math.Abs(Bound), ValueUnit);

    /// <summary>Mean value of an auction; above 0.</summary>
    internal double ValueUnit { get; init; } = 1;

    /// <summary>How much of an auction the plan wins: 0, 1 or, for a few, a share.</summary>
    public double Share(int auction)
    {
        foreach (FractionalAuction fraction in Fractional)
            if (fraction.Auction == auction)
                return fraction.Share;
        return _won[auction];
    }
}
