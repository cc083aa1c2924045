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
    public CalibrationModel Fit(ContextCounts counts) => LogisticCells.Model(Name, counts, FitLine);

    private static LogisticMap FitLine(LogisticCells cells)
    {
        if (cells.IsConstant)
            return cells.ShiftOfOdds();
        double[] fit = cells.Fit(p => [Probability.Logit(p)], [1, 0]);
        return fit[0] >= 0 ? new LogisticMap(fit[0], fit[0], fit[1]) : new LogisticMap(0, 0, cells.OverallLogit());
    }
}
