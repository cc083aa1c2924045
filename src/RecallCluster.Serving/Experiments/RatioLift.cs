namespace RecallCluster.Serving.Experiments;

/// <summary>How much higher a ratio is under a treatment than under the control, as a share of the control's.</summary>
/// <param name="Value">The lift: 0.05 for five per cent more.</param>
/// <param name="Low">Low end of its 95 % interval.</param>
/// <param name="High">High end of its 95 % interval.</param>
public readonly record struct Lift(double Value, double Low, double High);

/// <summary>
/// Lift of a ratio of sums, such as clicks over impressions, with an interval by the jackknife over blocks of users (Quenouille 1956, Tukey
/// 1958; Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 11): a block is left out of both arms at a time, and what that
/// changes tells the variance, whatever the requests of one user have in common.
/// </summary>
internal static class RatioLift
{
    // Student's t, 97.5 %, for one degree less than there are blocks.
    private const double Quantile = 2.009575234489209;

    /// <summary>The lift; null where the control's ratio is 0 or a ratio is of nothing, with a block left out or without.</summary>
    /// <param name="numerators">Of the treatment, by block.</param>
    /// <param name="denominators">Of the treatment, by block.</param>
    /// <param name="controlNumerators">Of the control, by block.</param>
    /// <param name="controlDenominators">Of the control, by block.</param>
    public static Lift? Of(
        ReadOnlySpan<long> numerators, ReadOnlySpan<long> denominators, ReadOnlySpan<long> controlNumerators,
        ReadOnlySpan<long> controlDenominators)
    {
        double y = Sum(numerators), x = Sum(denominators), controlY = Sum(controlNumerators), controlX = Sum(controlDenominators);
        int blocks = numerators.Length;
        Span<double> without = stackalloc double[blocks];
        double mean = 0;
        for (int b = 0; b < blocks; b++)
        {
            without[b] = Value(
                y - numerators[b], x - denominators[b], controlY - controlNumerators[b], controlX - controlDenominators[b]);
            mean += without[b] / blocks;
        }
        if (!double.IsFinite(mean))
            return null;
        double squares = 0;
        foreach (double value in without)
            squares += (value - mean) * (value - mean);
        double lift = Value(y, x, controlY, controlX), margin = Quantile * Math.Sqrt(squares * (blocks - 1) / blocks);
        return new Lift(lift, lift - margin, lift + margin);
    }

    private static double Value(double y, double x, double controlY, double controlX) => (y / x / (controlY / controlX)) - 1;

    private static double Sum(ReadOnlySpan<long> values)
    {
        double sum = 0;
        foreach (long value in values)
            sum += value;
        return sum;
    }
}
