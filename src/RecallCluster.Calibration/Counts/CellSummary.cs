namespace RecallCluster.Calibration.Counts;

/// <summary>One non-empty cell of the grid, in floating point.</summary>
/// <param name="Cell">Index on the <see cref="LogitGrid"/>.</param>
/// <param name="Weight">Impressions (sum of weights), above 0.</param>
/// <param name="Positives">Positives (weighted sum of labels).</param>
/// <param name="Predictions">Weighted sum of raw predictions.</param>
public readonly record struct CellSummary(int Cell, double Weight, double Positives, double Predictions)
{
    /// <summary>Mean raw prediction; lies inside the cell, so means ascend with the cells.</summary>
    public double MeanPrediction => Predictions / Weight;
}
