using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// Platt scaling (Platt, 1999) of the logit: sigmoid(a logit p + c) by maximum likelihood with Platt's targets. A negative slope
/// (predictions worse than chance) is cut at 0: everything gets the overall rate. Constant predictions keep the slope 1 and only
/// shift the odds.
/// </summary>
public sealed class PlattScaling : ICalibrator
{
    /// <inheritdoc/>
    public string Name => "platt";

    /// <inheritdoc/>
    public CalibrationModel Fit(ContextCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        var cells = new LogisticCells(counts.Total());
        if (cells.IsEmpty)
            return new CalibrationModel(Name, CalibrationMap.Identity);
        if (cells.IsConstant)
            return new CalibrationModel(Name, new LogisticMap(1, 1, cells.OddsShift()));
        double[] features = [.. cells.Predictions.SelectMany(p => new[] { Probability.Logit(p), 1 })];
        double[] fit = LogisticRegression.Fit(features, 2, cells.Targets, cells.Weights, [], [1, 0], ridge: 0);
        if (fit[0] >= 0)
            return new CalibrationModel(Name, new LogisticMap(fit[0], fit[0], fit[1]));
        double rate = cells.Targets.Zip(cells.Weights, (y, w) => y * w).Sum() / cells.Weights.Sum();
        return new CalibrationModel(Name, new LogisticMap(0, 0, Probability.Logit(rate)));
    }
}
