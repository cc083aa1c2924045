namespace RecallCluster.Calibration.Metrics;

/// <summary>PCOC of one period of time.</summary>
/// <param name="Period">Number of the period: floor(time / length).</param>
/// <param name="Count">Rows in it.</param>
/// <param name="Positives">Positives in it.</param>
/// <param name="Pcoc">Predicted over observed positives; infinite without positives.</param>
public readonly record struct PeriodPcoc(long Period, int Count, double Positives, double Pcoc);

/// <summary>PCOC hour by hour: a level that is right over the day may still swing.</summary>
public static class PcocByPeriod
{
    /// <summary>The periods that hold rows, in ascending order.</summary>
    /// <param name="times">Time of each row, any unit, any order.</param>
    /// <param name="p">Predictions in [0, 1].</param>
    /// <param name="y">Labels, 0 or 1.</param>
    /// <param name="length">Length of a period in the unit of the times.</param>
    /// <exception cref="ArgumentException">Lengths differ or there are no rows.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A value is outside its range, or <paramref name="length"/> is not positive.
    /// </exception>
    public static PeriodPcoc[] Series(ReadOnlySpan<double> times, ReadOnlySpan<double> p, ReadOnlySpan<byte> y, double length)
    {
        CalibrationMetrics.Check(p, y, []);
        if (times.Length != p.Length)
            throw new ArgumentException($"{p.Length} predictions but {times.Length} times.");
        if (!(length > 0))
            throw new ArgumentOutOfRangeException(nameof(length), length, "A period must have a length.");
        var sums = new SortedDictionary<long, (int Count, double Predicted, double Positives)>();
        for (int i = 0; i < p.Length; i++)
        {
            if (!double.IsFinite(times[i]))
                throw new ArgumentOutOfRangeException(nameof(times), times[i], $"Time {i} is not finite.");
            long period = (long)Math.Floor(times[i] / length);
            sums.TryGetValue(period, out (int Count, double Predicted, double Positives) sum);
            sums[period] = (sum.Count + 1, sum.Predicted + p[i], sum.Positives + y[i]);
        }
        return [.. sums.Select(
            s => new PeriodPcoc(s.Key, s.Value.Count, s.Value.Positives, CalibrationMetrics.Pcoc(s.Value.Predicted, s.Value.Positives)))];
    }

    /// <summary>Variance of the periods' PCOC around its mean, periods without positives left out; NaN with fewer than two.</summary>
    public static double Variance(ReadOnlySpan<PeriodPcoc> periods)
    {
        double sum = 0, squares = 0;
        int count = 0;
        foreach (PeriodPcoc period in periods)
        {
            if (!double.IsFinite(period.Pcoc))
                continue;
            sum += period.Pcoc;
            count++;
        }
        foreach (PeriodPcoc period in periods)
        {
            if (double.IsFinite(period.Pcoc))
                squares += CalibrationMetrics.Square(period.Pcoc - (sum / count));
        }
        return count < 2 ? double.NaN : squares / (count - 1);
    }
}
