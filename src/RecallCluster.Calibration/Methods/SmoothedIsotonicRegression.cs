using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// SIR (Deng et al., "Calibrating User Response Predictions in Online Advertising", ECML PKDD 2020): equal-frequency bins by raw
/// prediction; each bin's observed rate; pool-adjacent-violators over the bins weighted by impressions; straight lines through the
/// points (bin's mean prediction, isotonic value). Strictly increasing: ties inside a pooled block are broken by a slope of 1e-6.
/// </summary>
/// <param name="bins">
/// Most bins; fewer come out where one grid cell holds more than its share. One bin shifts the odds of everything alike.
/// </param>
/// <exception cref="ArgumentOutOfRangeException"><paramref name="bins"/> is not positive.</exception>
public sealed class SmoothedIsotonicRegression(int bins = SmoothedIsotonicRegression.DefaultBins) : ICalibrator
{
    /// <summary>Bins when nothing else is asked for.</summary>
    public const int DefaultBins = 100;

    private readonly int _bins = bins > 0 ? bins : throw new ArgumentOutOfRangeException(nameof(bins), bins, "SIR needs at least one bin.");

    /// <inheritdoc/>
    public string Name => "sir";

    /// <inheritdoc/>
    public CalibrationModel Fit(ContextCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return new CalibrationModel(Name, FitMap(counts.Total()));
    }

    /// <summary>The map alone, from counts of one context.</summary>
    public CalibrationMap FitMap(CalibrationCounts counts)
    {
        Bin[] derived = EqualFrequencyBins.Derive(counts, _bins);
        if (derived.Length == 0)
            return CalibrationMap.Identity;
        var x = new double[derived.Length];
        var rates = new double[derived.Length];
        var weights = new double[derived.Length];
        for (int i = 0; i < derived.Length; i++)
        {
            x[i] = derived[i].MeanPrediction;
            rates[i] = derived[i].Rate;
            weights[i] = derived[i].Weight;
        }
        PoolAdjacentViolators.Fit(rates, weights);
        return MonotoneCurve.ThroughPoints(x, rates);
    }
}
