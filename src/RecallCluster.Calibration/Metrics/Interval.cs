namespace RecallCluster.Calibration.Metrics;

/// <summary>A figure with its 95 % bootstrap interval.</summary>
/// <param name="Value">The figure on the whole sample.</param>
/// <param name="Low">Lower end; NaN when no replicate defines the figure.</param>
/// <param name="High">Upper end; NaN when no replicate defines the figure.</param>
public readonly record struct Interval(double Value, double Low, double High)
{
    /// <summary>
    /// The interval of the 2.5 % and 97.5 % quantiles of <paramref name="replicates"/>, moved as a whole so that their median falls on the
    /// figure; those that are not finite are left out. Sorts them.
    /// </summary>
    /// <remarks>
    /// Noise inflates a figure that adds up errors without sign (Cal-N, GC-N, ECE), and resampling adds that noise a second time: unmoved,
    /// the quantiles of the replicates may lie above the figure altogether.
    /// </remarks>
    /// <param name="value">The figure on the whole sample.</param>
    /// <param name="replicates">The figure on each resample.</param>
    /// <param name="least">The lowest value that the figure can take.</param>
    public static Interval FromReplicates(double value, Span<double> replicates, double least = double.NegativeInfinity)
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
        double shift = double.IsFinite(value) ? value - Quantile(kept, 0.5) : 0;
        return new Interval(value, Math.Max(least, Quantile(kept, 0.025) + shift), Quantile(kept, 0.975) + shift);
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
