using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Control;

/// <summary>Yesterday's weights as a place to move away from by factors: finite and above 0.</summary>
internal static class StartWeights
{
    /// <summary>A weight of exactly 0 could never be left by multiplication; this small one can.</summary>
    public const double SmallestKpiWeight = 0.02;

    /// <summary>
    /// The start of <paramref name="setting"/>, an infinite w0 replaced by one that wins every auction of the history in which something
    /// is to be gained (or by 1 without a history), and KPI weights at least <see cref="SmallestKpiWeight"/>, in units of w0 times value
    /// per q for a KPI that is not cost-related.
    /// </summary>
    public static BidWeights Movable(ControllerSetting setting)
    {
        BidWeights start = setting.Start;
        double value = start.Value;
        double scale = 1;
        if (start.IsUnbounded)
            value = scale = Highest(setting);
        Span<double> kpis = stackalloc double[start.Count];
        for (int j = 0; j < kpis.Length; j++)
            kpis[j] = Math.Max(start[j] * scale, Floor(setting, j, value));
        return new BidWeights(Math.Max(value, 1e-12), kpis);
    }

    /// <summary>The smallest weight of a KPI that a controller goes down to.</summary>
    public static double Floor(ControllerSetting setting, int kpi, double value)
    {
        if (setting.Goal.Kpis[kpi].Kind == KpiKind.CostRelated)
            return SmallestKpiWeight;
        if (setting.History is not { Count: > 0 } history)
            return SmallestKpiWeight * value;
        double values = 0, numerators = 0;
        for (int i = 0; i < history.Count; i++)
            (values, numerators) = (values + history.Value[i], numerators + history.Q(kpi)[i]);
        return SmallestKpiWeight * value * (numerators > 0 ? values / numerators : 1);
    }

    private static double Highest(ControllerSetting setting)
    {
        double highest = 0;
        if (setting.History is { } history)
            for (int i = 0; i < history.Count; i++)
                if (history.Value[i] > 0)
                    highest = Math.Max(highest, history.Cost[i] / history.Value[i]);
        return highest > 0 ? highest : 1;
    }
}
