using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// Temperature scaling (Guo et al., 2017) of a binary model: sigmoid(logit p / T) by maximum likelihood, T in [0.01, 100]. It makes a
/// model more or less sure of itself and cannot correct an overall bias.
/// </summary>
public sealed class TemperatureScaling : ICalibrator
{
    private const double Hottest = 100;

    /// <inheritdoc/>
    public string Name => "temperature";

    /// <inheritdoc/>
    public CalibrationModel Fit(ContextCounts counts) => LogisticCells.Model(Name, counts, FitSlope);

    private static LogisticMap FitSlope(LogisticCells cells)
    {
        double[] logits = [.. cells.Predictions.Select(Probability.Logit)];
        double slope = LogisticRegression.Fit(logits, 1, cells.Targets, cells.Weights, [], [1], ridge: 0)[0];
        slope = Math.Clamp(slope, 1 / Hottest, Hottest);
        return new LogisticMap(slope, slope, 0);
    }
}
