using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// Histogram binning (Zadrozny &amp; Elkan, 2001): the observed rate of each equal-frequency bin. Neighbouring bins that are out of order
/// are pooled, which the published method does not do, because every map here has to be monotone.
/// </summary>
/// <param name="bins">Most bins.</param>
/// <exception cref="ArgumentOutOfRangeException"><paramref name="bins"/> is not positive.</exception>
public sealed class HistogramBinning(int bins = SmoothedIsotonicRegression.DefaultBins) : ICalibrator
{
    private readonly int _bins = bins > 0
        ? bins
        : throw new ArgumentOutOfRangeException(nameof(bins), bins, "Binning needs at least one bin.");

    /// <inheritdoc/>
    public string Name => "binning";

    /// <inheritdoc/>
    public CalibrationModel Fit(ContextCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        Bin[] derived = EqualFrequencyBins.Derive(counts.Total(), _bins);
        if (derived.Length == 0)
            return new CalibrationModel(Name, CalibrationMap.Identity);
        double[] edges = [0, .. derived.Skip(1).Select(bin => LogitGrid.LowerEdge(bin.FirstCell))];
        double[] rates = [.. derived.Select(bin => bin.Rate)];
        PoolAdjacentViolators.Fit(rates, [.. derived.Select(bin => bin.Weight)]);
        return new CalibrationModel(Name, new StepMap(edges, rates));
    }
}
