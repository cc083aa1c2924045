using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// Beta calibration (Kull, Silva Filho &amp; Flach, 2017): sigmoid(a ln p - b ln(1 - p) + c), a and b at least 0, by maximum likelihood; as
/// in the paper a coefficient that comes out negative is set to 0 and the others are fitted again.
/// </summary>
public sealed class BetaCalibration : ICalibrator
{
    /// <inheritdoc/>
    public string Name => "beta";

    /// <inheritdoc/>
    public CalibrationModel Fit(ContextCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        var cells = new LogisticCells(counts.Total());
        if (cells.IsEmpty)
            return new CalibrationModel(Name, CalibrationMap.Identity);
        if (cells.IsConstant)
            return new CalibrationModel(Name, new LogisticMap(1, 1, cells.OddsShift()));
        double[] both = [.. cells.Predictions.SelectMany(p => new[] { Math.Log(p), -Math.Log(1 - p), 1 })];
        double[] fit = LogisticRegression.Fit(both, 3, cells.Targets, cells.Weights, [], [1, 1, 0], ridge: 0);
        if (fit[0] < 0 || fit[1] < 0)
        {
            bool keepsA = fit[1] < fit[0];
            double[] single = [.. cells.Predictions.SelectMany(p => new[] { keepsA ? Math.Log(p) : -Math.Log(1 - p), 1 })];
            double[] refit = LogisticRegression.Fit(single, 2, cells.Targets, cells.Weights, [], [1, 0], ridge: 0);
            double slope = Math.Max(0, refit[0]);
            double constant = refit[0] >= 0 ? refit[1] : OverallLogit(cells);
            fit = keepsA ? [slope, 0, constant] : [0, slope, constant];
        }
        return new CalibrationModel(Name, new LogisticMap(fit[0], fit[1], fit[2]));
    }

    private static double OverallLogit(LogisticCells cells) =>
        Probability.Logit(cells.Targets.Zip(cells.Weights, (y, w) => y * w).Sum() / cells.Weights.Sum());
}
