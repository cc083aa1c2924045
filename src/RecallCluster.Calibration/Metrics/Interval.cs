namespace RecallCluster.Calibration.Metrics;

/// <summary>A figure with its 95 % bootstrap interval.</summary>
/// <param name="Value">The figure on the whole sample.</param>
/// <param name="Low">2.5 % quantile of the replicates; NaN when no replicate defines the figure.</param>
/// <param name="High">97.5 % quantile of the replicates; NaN when no replicate defines the figure.</param>
public readonly record struct Interval(double Value, double Low, double High)
{
    /// <summary>The percentile interval of <paramref name="replicates"/>, those that are not finite left out; sorts them.</summary>
    public static Interval FromReplicates(double value, Span<double> replicates)
    {
        int defined = 0;
        foreach (double replicate in replicates)
        {
            if (double.IsFinite(replicate))
                replicates[defined++] = replicate;
        }
        if (defined == 0)
            return new Interval(value, double.NaN, double.NaN);
        Span<double> kept = replicates[..defined];
        kept.Sort();
        return new Interval(value, Quantile(kept, 0.025), Quantile(kept, 0.975));
    }

    /// <summary>The <paramref name="share"/> quantile of ascending values, linear between neighbours.</summary>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static double Quantile(ReadOnlySpan<double> ascending, double share)
    {
        if (ascending.IsEmpty)
            throw new ArgumentException("A quantile needs at least one value.");
        double place = share * (ascending.Length - 1);
        int below = (int)place;
        int above = Math.Min(below + 1, ascending.Length - 1);
        return ascending[below] + ((place - below) * (ascending[above] - ascending[below]));
    }
}
