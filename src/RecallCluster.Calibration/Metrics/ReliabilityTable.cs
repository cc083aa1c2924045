namespace RecallCluster.Calibration.Metrics;

/// <summary>One row of a reliability table: predictions of about the same size and what came of them.</summary>
/// <param name="Count">Rows.</param>
/// <param name="MeanPrediction">Mean prediction.</param>
/// <param name="Rate">Observed rate of positives.</param>
/// <param name="Low">Lower end of the rate's 95 % Wilson interval.</param>
/// <param name="High">Upper end of the rate's 95 % Wilson interval.</param>
public readonly record struct ReliabilityRow(int Count, double MeanPrediction, double Rate, double Low, double High);

/// <summary>Reliability tables, the numbers behind a reliability diagram; empty bins are left out.</summary>
public static class ReliabilityTable
{
    private const double Z95 = 1.959963984540054;

    /// <summary>Bins of equal width over [0, 1]; a prediction on an edge belongs to the bin below it.</summary>
    /// <exception cref="ArgumentException">Lengths differ or there are no rows.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range, or <paramref name="bins"/> is not positive.</exception>
    public static ReliabilityRow[] EqualWidth(ReadOnlySpan<double> p, ReadOnlySpan<byte> y, int bins)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bins);
        var inner = new double[bins - 1];
        for (int i = 1; i < bins; i++)
            inner[i - 1] = (double)i / bins;
        return FromEdges(p, y, inner);
    }

    /// <summary>
    /// Bins between quantiles of the predictions (linear between neighbours); a prediction on an edge belongs to the bin below it.
    /// </summary>
    /// <exception cref="ArgumentException">Lengths differ or there are no rows.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range, or <paramref name="bins"/> is not positive.</exception>
    public static ReliabilityRow[] EqualFrequency(ReadOnlySpan<double> p, ReadOnlySpan<byte> y, int bins)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bins);
        double[] sorted = p.ToArray();
        Array.Sort(sorted);
        var inner = new double[bins - 1];
        for (int i = 1; i < bins && sorted.Length > 0; i++)
            inner[i - 1] = Interval.Quantile(sorted, (double)i / bins);
        return FromEdges(p, y, inner);
    }

    private static ReliabilityRow[] FromEdges(ReadOnlySpan<double> p, ReadOnlySpan<byte> y, double[] inner)
    {
        CalibrationMetrics.Check(p, y, []);
        var counts = new int[inner.Length + 1];
        var predicted = new double[inner.Length + 1];
        var positives = new double[inner.Length + 1];
        for (int i = 0; i < p.Length; i++)
        {
            int bin = FirstAtLeast(inner, p[i]);
            counts[bin]++;
            predicted[bin] += p[i];
            positives[bin] += y[i];
        }
        var rows = new List<ReliabilityRow>();
        for (int bin = 0; bin < counts.Length; bin++)
        {
            if (counts[bin] == 0)
                continue;
            (double low, double high) = Wilson(positives[bin], counts[bin]);
            rows.Add(new ReliabilityRow(counts[bin], predicted[bin] / counts[bin], positives[bin] / counts[bin], low, high));
        }
        return [.. rows];
    }

    private static int FirstAtLeast(double[] edges, double value)
    {
        int low = 0, high = edges.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (edges[middle] < value)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private static (double Low, double High) Wilson(double positives, double count)
    {
        double rate = positives / count, square = Z95 * Z95;
        double centre = (rate + (square / (2 * count))) / (1 + (square / count));
        double spread = Z95 * Math.Sqrt((rate * (1 - rate) / count) + (square / (4 * count * count))) / (1 + (square / count));
        return (Math.Clamp(centre - spread, 0, rate), Math.Clamp(centre + spread, rate, 1));
    }
}
