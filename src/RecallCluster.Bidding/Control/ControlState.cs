using RecallCluster.Bidding.Formula;

namespace RecallCluster.Bidding.Control;

/// <summary>All that a controller is told at a tick of a campaign's day.</summary>
public readonly struct ControlState
{
    /// <summary>Number of this tick: 0 before the first auction of the day, when all sums are zero.</summary>
    public required int Tick { get; init; }

    /// <summary>Number of ticks of the day.</summary>
    public required int Ticks { get; init; }

    /// <summary>
    /// Share of the day that is over, in [0, 1), counted in expected auctions: by the clock where traffic is even, by yesterday's profile
    /// where it is not.
    /// </summary>
    public required double Elapsed { get; init; }

    /// <summary>Share of the day, counted the same way, that the weights chosen now will be in force.</summary>
    public required double TickShare { get; init; }

    /// <summary>The day's budget as it stands now, in units of cost.</summary>
    public required double Budget { get; init; }

    /// <summary>Sums since the day began.</summary>
    public required TickSums Total { get; init; }

    /// <summary>Sums since the last tick.</summary>
    public required TickSums Last { get; init; }

    /// <summary>The weights that were in force until now.</summary>
    public required BidWeights Weights { get; init; }

    /// <summary>What is left of the budget, never negative.</summary>
    public double BudgetLeft => Math.Max(0, Budget - Total.Spent);
}
