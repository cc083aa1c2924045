namespace RecallCluster.Calibration.PostClick;

/// <summary>
/// The share F(t) of conversions that come within t of their click: the empirical distribution of matured clicks' delays.
/// </summary>
public sealed class DelayDistribution
{
    private const int MaxQuantiles = 1024;

    private readonly double[] _quantiles;

    /// <summary>The distribution of <paramref name="delays"/> inside a window; without any, delays count as even over the window.</summary>
    /// <param name="delays">Delays from click to conversion of matured clicks, in any unit; those beyond the window are left out.</param>
    /// <param name="window">Attribution window, in the same unit.</param>
    /// <exception cref="ArgumentOutOfRangeException">A delay is negative or NaN, or the window is not positive.</exception>
    public DelayDistribution(ReadOnlySpan<double> delays, double window)
    {
        if (!(window > 0 && double.IsFinite(window)))
            throw new ArgumentOutOfRangeException(nameof(window), window, "The attribution window must be finite and above 0.");
        Window = window;
        var inside = new List<double>(delays.Length);
        foreach (double delay in delays)
        {
            if (!(delay >= 0))
                throw new ArgumentOutOfRangeException(nameof(delays), delay, "A delay must be a number of at least 0.");
            if (delay <= window)
                inside.Add(delay);
        }
        inside.Sort();
        int count = Math.Min(inside.Count, MaxQuantiles);
        _quantiles = new double[count];
        for (int i = 0; i < count; i++)
            _quantiles[i] = inside[(int)((long)i * inside.Count / count)];
    }

    /// <summary>Attribution window: conversions after it are not counted.</summary>
    public double Window { get; }

    /// <summary>F(<paramref name="age"/>): 0 before the click, 1 from the end of the window on.</summary>
    public double ShareBy(double age)
    {
        if (!(age > 0))
            return 0;
        if (age >= Window)
            return 1;
        if (_quantiles.Length == 0)
            return age / Window;
        int place = Array.BinarySearch(_quantiles, age);
        int below = place < 0 ? ~place : place;
        while (below < _quantiles.Length && _quantiles[below] <= age)
            below++;
        return (double)below / _quantiles.Length;
    }
}
