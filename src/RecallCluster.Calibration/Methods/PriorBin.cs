using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>A bin of observed impressions together with what the parent's map expects of them.</summary>
/// <param name="Bin">The observed bin.</param>
/// <param name="PriorMean">Mean of the parent's map over the bin's impressions, inside (0, 1).</param>
internal readonly record struct PriorBin(Bin Bin, double PriorMean)
{
    /// <summary>Posterior rate of the bin, the prior being worth <paramref name="strength"/> impressions.</summary>
    public double Posterior(double strength) => Math.Min(1, (Bin.Positives + (strength * PriorMean)) / (Bin.Weight + strength));

    public BetaBinomial.Unit AsUnit() => new(Math.Min(Bin.Positives, Bin.Weight), Bin.Weight, PriorMean);

    /// <summary>Equal-frequency bins with their prior means, ascending in both.</summary>
    public static List<PriorBin> Derive(CellSummary[] cells, int bins, CalibrationMap prior)
    {
        var result = new List<PriorBin>();
        int cell = 0;
        foreach (Bin bin in EqualFrequencyBins.Derive(cells, bins))
        {
            double expected = 0;
            for (; cell < cells.Length && cells[cell].Cell <= bin.LastCell; cell++)
                expected += cells[cell].Weight * prior.Apply(Math.Min(1, cells[cell].MeanPrediction));
            result.Add(new PriorBin(bin, Probability.Clip(expected / bin.Weight)));
        }
        return result;
    }
}
