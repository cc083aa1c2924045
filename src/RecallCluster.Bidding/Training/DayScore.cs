using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Replay;

namespace RecallCluster.Bidding.Training;

/// <summary>
/// What a day is worth to a learner: R / R* less a penalty of exp(growth x) - 1 for every KPI with relative violation x, at most a cap; R /
/// R* counts no more than 1, as only a broken KPI gets above it, on days whose R* is small by any factor, more than a capped penalty takes
/// back; the whole no less than -0.25, so that the slope near the limit is not drowned by days far beyond it.
/// </summary>
/// <param name="Growth">Steepness: 4 takes 4 points for one percent of violation.</param>
/// <param name="Cap">The largest penalty of one KPI.</param>
internal readonly record struct DayScore(double Growth, double Cap)
{
    private const double SmallestOptimum = 1e-12, Least = -0.25;

    public double Of(BidDay day, in TickSums sums) => Math.Max(Least, Math.Min(1, Share(day, sums.Value)) - Penalty(day, sums));

    public static double Share(BidDay day, double value) => value / Math.Max(SmallestOptimum, day.Optimum.Value);

    public double Penalty(BidDay day, in TickSums sums)
    {
        double penalty = 0;
        for (int j = 0; j < day.Goal.Kpis.Length; j++)
        {
            double violation = day.Goal.Kpis[j].Violation(sums.Numerator(j), sums.Denominator(j));
            penalty += Math.Min(Cap, Math.Exp(Growth * Math.Min(violation, 10)) - 1);
        }
        return penalty;
    }
}
