using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// Isotonic regression (Zadrozny &amp; Elkan, 2002) over the cells of the grid: pool-adjacent-violators on each cell's rate, straight
/// lines between the ends of the blocks, constant beyond the outermost. For samples instead of counts see <see cref="IsotonicRegression"/>.
/// </summary>
/// <param name="breakTies">Whether ties inside a block are broken by a slope of 1e-6, so that ranking is kept.</param>
public sealed class IsotonicCalibration(bool breakTies = true) : ICalibrator
{
    /// <inheritdoc/>
    public string Name => "isotonic";

    /// <inheritdoc/>
    public CalibrationModel Fit(ContextCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        CellSummary[] cells = counts.Total().Summarise();
        if (cells.Length == 0)
            return new CalibrationModel(Name, CalibrationMap.Identity);
        double[] x = [.. cells.Select(cell => cell.MeanPrediction)];
        double[] rates = [.. cells.Select(cell => Math.Min(1, cell.Positives / cell.Weight))];
        PoolAdjacentViolators.Fit(rates, [.. cells.Select(cell => cell.Weight)]);
        return new CalibrationModel(Name, IsotonicRegression.MapOfBlocks(x, rates, breakTies));
    }
}
