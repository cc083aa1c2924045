using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Control.Pid;

/// <summary>What the feedback controllers measure, as logarithms so that factors on weights answer them linearly.</summary>
internal static class Errors
{
    private const double Largest = 1.5;

    /// <summary>
    /// ln of the spend that the rest of the budget allows until the next tick over what the last tick spent: above 0 when too little
    /// is spent.
    /// </summary>
    public static double Pace(in ControlState state, double lastShare)
    {
        double allowed = state.BudgetLeft / Math.Max(1e-9, 1 - state.Elapsed), actual = state.Last.Spent / Math.Max(1e-9, lastShare);
        if (actual <= 0)
            return allowed > 0 ? Largest : 0;
        return allowed <= 0 ? -Largest : Math.Clamp(Math.Log(allowed / actual), -Largest, Largest);
    }

    /// <summary>ln of the limit over the KPI so far: below 0 when it is violated; 0 while nothing was counted.</summary>
    public static double Kpi(in ControlState state, KpiConstraint kpi, int index)
    {
        double numerator = state.Total.Numerator(index), denominator = state.Total.Denominator(index);
        if (numerator <= 0)
            return 0;
        return denominator <= 0 ? -Largest : Math.Clamp(Math.Log(kpi.Limit * denominator / numerator), -Largest, Largest);
    }

    /// <summary>
    /// How much room a KPI leaves for spending more: 1 where it is at least <paramref name="full"/> (a logarithm) below its limit or
    /// nothing was counted against it yet, 0 at the limit and above.
    /// </summary>
    public static double Room(in ControlState state, KpiConstraint kpi, int index, double full) =>
        state.Total.Numerator(index) > 0 ? Math.Clamp(Kpi(state, kpi, index) / full, 0, 1) : 1;
}
