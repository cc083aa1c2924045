namespace RecallCluster.Calibration.Counts;

/// <summary>A run of neighbouring cells, treated as one.</summary>
/// <param name="FirstCell">First cell of the grid (inclusive).</param>
/// <param name="LastCell">Last cell of the grid that holds anything (inclusive).</param>
/// <param name="Weight">Impressions, above 0.</param>
/// <param name="Positives">Positives.</param>
/// <param name="Predictions">Sum of raw predictions.</param>
public readonly record struct Bin(int FirstCell, int LastCell, double Weight, double Positives, double Predictions)
{
    /// <summary>Mean raw prediction.</summary>
    public double MeanPrediction => Predictions / Weight;

    /// <summary>Observed rate of positives.</summary>
    public double Rate => Math.Min(1, Positives / Weight);
}

/// <summary>
/// Bins with about the same number of impressions each, derived from merged counts (so that every split gives the same bins).
/// </summary>
public static class EqualFrequencyBins
{
    /// <summary>
    /// At most <paramref name="bins"/> bins in ascending order of prediction; fewer where a single cell holds more than its share
    /// (constant predictions give one bin), none where nothing was counted.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bins"/> is not positive.</exception>
    public static Bin[] Derive(CalibrationCounts counts, int bins)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return Derive(counts.Summarise(), bins);
    }

    /// <summary>As <see cref="Derive(CalibrationCounts, int)"/>, from cells summarised before.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bins"/> is not positive.</exception>
    public static Bin[] Derive(ReadOnlySpan<CellSummary> cells, int bins)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bins);
        double left = 0;
        foreach (CellSummary cell in cells)
            left += cell.Weight;
        var result = new List<Bin>(Math.Min(bins, cells.Length));
        double weight = 0, positives = 0, predictions = 0;
        int first = -1;
        for (int i = 0; i < cells.Length; i++)
        {
            CellSummary cell = cells[i];
            if (first < 0)
                first = cell.Cell;
            weight += cell.Weight;
            positives += cell.Positives;
            predictions += cell.Predictions;

            // The target is what is left for each bin still to come: a cell that held several shares does not cut the others short.
            int binsLeft = bins - result.Count;
            if (weight * binsLeft < left && i < cells.Length - 1)
                continue;
            if (binsLeft == 1 && i < cells.Length - 1)
                continue;
            result.Add(new Bin(first, cell.Cell, weight, positives, predictions));
            left -= weight;
            weight = positives = predictions = 0;
            first = -1;
        }
        return [.. result];
    }
}
