using RecallCluster.Numerics;

namespace RecallCluster.Learning.Evaluation;

/// <summary>A mean with a 95 % interval.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
/// <param name="Count">Number of values.</param>
public sealed record MeanInterval(double Mean, double Low, double High, int Count)
{
    /// <summary>Whether the interval lies above 0.</summary>
    public bool IsPositive => Low > 0;

    /// <summary>The normal interval, mean plus and minus 1.96 standard errors.</summary>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static MeanInterval Normal(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
            throw new ArgumentException("There is no mean of no values.", nameof(values));
        double mean = Average(values), squares = 0;
        foreach (double value in values)
            squares += (value - mean) * (value - mean);
        double error = values.Length < 2 ? 0 : Math.Sqrt(squares / (values.Length - 1) / values.Length);
        const double Quantile = 1.959964;
        return new MeanInterval(mean, mean - (Quantile * error), mean + (Quantile * error), values.Length);
    }

    /// <summary>The percentile bootstrap interval (Efron, 1979).</summary>
    /// <param name="values">The values.</param>
    /// <param name="random">Source of the resamples.</param>
    /// <param name="resamples">Number of resamples.</param>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static MeanInterval Bootstrap(ReadOnlySpan<double> values, SeededRandom random, int resamples = 1000)
    {
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 40);
        if (values.IsEmpty)
            throw new ArgumentException("There is no mean of no values.", nameof(values));
        var means = new double[resamples];
        for (int resample = 0; resample < resamples; resample++)
        {
            double sum = 0;
            for (int i = 0; i < values.Length; i++)
                sum += values[random.NextInt(values.Length)];
            means[resample] = sum / values.Length;
        }
        Array.Sort(means);
        int tail = (int)(0.025 * resamples);
        return new MeanInterval(Average(values), means[tail], means[resamples - 1 - tail], values.Length);
    }

    private static double Average(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
            sum += value;
        return sum / values.Length;
    }
}

/// <summary>Two methods measured on the same users.</summary>
/// <param name="First">Mean of the first.</param>
/// <param name="Second">Mean of the second.</param>
/// <param name="Difference">Of the paired differences, first minus second.</param>
/// <param name="Relative">First mean over second mean; NaN when that is 0.</param>
public sealed record PairedComparison(double First, double Second, MeanInterval Difference, double Relative)
{
    /// <summary>Compares two measurements; the interval is normal over the users' differences.</summary>
    /// <param name="first">A value for each user.</param>
    /// <param name="second">A value for each user, in the same order.</param>
    /// <exception cref="ArgumentException">The numbers of users differ, or there are none.</exception>
    public static PairedComparison Of(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        if (first.Length != second.Length || first.IsEmpty)
            throw new ArgumentException($"{first.Length} and {second.Length} values cannot be compared in pairs.", nameof(second));
        var differences = new double[first.Length];
        double total = 0;
        for (int i = 0; i < differences.Length; i++)
        {
            differences[i] = first[i] - second[i];
            total += second[i];
        }
        MeanInterval difference = MeanInterval.Normal(differences);
        double mean = total / second.Length;
        return new PairedComparison(mean + difference.Mean, mean, difference, mean == 0 ? double.NaN : (mean + difference.Mean) / mean);
    }
}
