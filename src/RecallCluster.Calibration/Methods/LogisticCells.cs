using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

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

    /// <summary>Whether all predictions lie in one cell: no slope can be told from it.</summary>
    public bool IsConstant => Predictions.Length == 1;

    /// <summary>One logistic map for everything: the identity where nothing was counted, else what <paramref name="fit"/> finds.</summary>
    public static CalibrationModel Model(string name, ContextCounts counts, Func<LogisticCells, LogisticMap> fit)
    {
        ArgumentNullException.ThrowIfNull(counts);
        var cells = new LogisticCells(counts.Total());
        return new CalibrationModel(name, cells.Predictions.Length == 0 ? CalibrationMap.Identity : fit(cells));
    }

    /// <summary>Maximum-likelihood coefficients of features of a prediction, the intercept last.</summary>
    /// <param name="slopes">The features; the intercept is added to them.</param>
    /// <param name="start">Where the search starts, a value per coefficient.</param>
    public double[] Fit(Func<double, double[]> slopes, double[] start)
    {
        double[] features = [.. Predictions.SelectMany(p => slopes(p).Append(1))];
        return LogisticRegression.Fit(features, start.Length, Targets, Weights, [], start, ridge: 0);
    }

    /// <summary>The map that corrects the overall odds and keeps the coefficient 1 of ln p and ln(1 - p).</summary>
    public LogisticMap ShiftOfOdds()
    {
        double[] ones = [.. Predictions.Select(_ => 1.0)];
        double[] offsets = [.. Predictions.Select(Probability.Logit)];
        return new LogisticMap(1, 1, LogisticRegression.Fit(ones, 1, Targets, Weights, offsets, [0], ridge: 0)[0]);
    }

    /// <summary>Logit of the rate of all.</summary>
    public double OverallLogit() => Probability.Logit(Targets.Zip(Weights, (y, w) => y * w).Sum() / Weights.Sum());
}
