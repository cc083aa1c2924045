using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Replay;

/// <summary>One KPI at the end of a replayed day.</summary>
/// <param name="Name">The KPI.</param>
/// <param name="Value">What was reached; NaN when nothing was counted.</param>
/// <param name="Limit">What was asked for.</param>
/// <param name="Violation">Excess over the limit, relative to it; 0 when kept.</param>
public sealed record KpiReport(string Name, double Value, double Limit, double Violation);

/// <summary>The weights of a tick and what had been spent and gained at its end.</summary>
public readonly record struct TickTrace(double Elapsed, BidWeights Weights, double Spent, double Value);

/// <summary>How a controller did on one day.</summary>
/// <param name="Total">Sums of the day.</param>
/// <param name="Optimum">R*.</param>
/// <param name="PenalizedScore">
/// Value times, for every KPI, min(1, limit / KPI)^2: the score of public auto-bidding contests (AuctionNet).
/// </param>
/// <param name="Kpis">The KPIs.</param>
/// <param name="Trace">Tick by tick.</param>
public sealed record ReplayOutcome(
    TickSums Total, double Optimum, double PenalizedScore, IReadOnlyList<KpiReport> Kpis, IReadOnlyList<TickTrace> Trace)
{
    /// <summary>R / R*; 1 when nothing could be gained.</summary>
    public double Ratio => Optimum > 0 ? Total.Value / Optimum : 1;

    /// <summary>Penalised score over R*; 1 when nothing could be gained.</summary>
    public double PenalizedRatio => Optimum > 0 ? PenalizedScore / Optimum : 1;

    internal static ReplayOutcome Of(BidDay day, in TickSums total, IReadOnlyList<TickTrace> trace)
    {
        ReadOnlySpan<KpiConstraint> kpis = day.Goal.Kpis;
        var reports = new KpiReport[kpis.Length];
        double score = total.Value;
        for (int j = 0; j < kpis.Length; j++)
        {
            double violation = kpis[j].Violation(total.Numerator(j), total.Denominator(j));
            reports[j] = new KpiReport(kpis[j].Name, total.Numerator(j) / total.Denominator(j), kpis[j].Limit, violation);
            score *= 1 / ((1 + violation) * (1 + violation));
        }
        return new ReplayOutcome(total, day.Optimum.Value, score, reports, trace);
    }
}
