using RecallCluster.Calibration.Counts;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// The grid's cells as rows of a logistic regression. Targets are Platt's: a positive counts as (N+ + 1)/(N+ + 2) and a negative as
/// 1/(N- + 2), which keeps the fit finite without positives, without negatives and on separable data, and is nothing on large logs.
/// </summary>
internal sealed class LogisticCells
{
    public LogisticCells(CalibrationCounts counts)
    {
        CellSummary[] cells = counts.Summarise();
        Predictions = [.. cells.Select(cell => Probability.Clip(cell.MeanPrediction))];
        Weights = [.. cells.Select(cell => cell.Weight)];
        double positives = cells.Sum(cell => cell.Positives), negatives = Math.Max(0, cells.Sum(cell => cell.Weight) - positives);
        double high = (positives + 1) / (positives + 2), low = 1 / (negatives + 2);
        Targets = [.. cells.Select(cell => low + ((high - low) * Math.Min(1, cell.Positives / cell.Weight)))];
    }

    public double[] Predictions { get; }

    public double[] Weights { get; }

    public double[] Targets { get; }

    public bool IsEmpty => Predictions.Length == 0;

    /// <summary>Whether all predictions lie in one cell: no slope can be told from it.</summary>
    public bool IsConstant => Predictions.Length == 1;

    /// <summary>The constant that corrects the overall odds when ln p and ln(1 - p) keep the coefficient 1.</summary>
    public double OddsShift()
    {
        double[] ones = [.. Predictions.Select(_ => 1.0)];
        double[] offsets = [.. Predictions.Select(Probability.Logit)];
        return LogisticRegression.Fit(ones, 1, Targets, Weights, offsets, [0], ridge: 0)[0];
    }
}
