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
    public CalibrationModel Fit(ContextCounts counts) => LogisticCells.Model(Name, counts, FitBoth);

    private static LogisticMap FitBoth(LogisticCells cells)
    {
        if (cells.IsConstant)
            return cells.ShiftOfOdds();
        double[] fit = cells.Fit(p => [Math.Log(p), -Math.Log(1 - p)], [1, 1, 0]);
        if (fit[0] >= 0 && fit[1] >= 0)
            return new LogisticMap(fit[0], fit[1], fit[2]);
        bool keepsA = fit[1] < fit[0];
        double[] single = cells.Fit(p => [keepsA ? Math.Log(p) : -Math.Log(1 - p)], [1, 0]);
        double slope = Math.Max(0, single[0]);
        double constant = single[0] >= 0 ? single[1] : cells.OverallLogit();
        return keepsA ? new LogisticMap(slope, 0, constant) : new LogisticMap(0, slope, constant);
    }
}
