using System.Buffers;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// Weighted isotonic least squares of a sequence: the pool-adjacent-violators algorithm (Ayer et al., 1955; Best &amp; Chakravarti, 1990),
/// one pass with a stack of blocks, O(n).
/// </summary>
public static class PoolAdjacentViolators
{
    /// <summary>Replaces <paramref name="values"/> by the never descending sequence that is nearest in weighted squares.</summary>
    /// <param name="values">In: the values; out: the fit.</param>
    /// <param name="weights">As many weights, each finite and above 0.</param>
    /// <returns>Number of blocks of equal values.</returns>
    /// <exception cref="ArgumentException">
    /// The spans differ in length, a value is not finite, or a weight is not finite and positive.
    /// </exception>
    public static int Fit(Span<double> values, ReadOnlySpan<double> weights)
    {
        if (values.Length != weights.Length)
            throw new ArgumentException($"{values.Length} values but {weights.Length} weights.");
        // The pool's arrays are warm; fresh ones of millions of values would cost as much as the fit.
        int[] ends = ArrayPool<int>.Shared.Rent(values.Length);
        double[] means = ArrayPool<double>.Shared.Rent(values.Length), masses = ArrayPool<double>.Shared.Rent(values.Length);
        try
        {
            return Fit(values, weights, ends, means, masses);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(ends);
            ArrayPool<double>.Shared.Return(means);
            ArrayPool<double>.Shared.Return(masses);
        }
    }

    private static int Fit(Span<double> values, ReadOnlySpan<double> weights, Span<int> ends, Span<double> means, Span<double> masses)
    {
        int blocks = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double mean = values[i], mass = weights[i];
            if (!double.IsFinite(mean))
                throw new ArgumentException($"Value {i} is {mean}; it must be finite.");
            if (!(mass > 0) || double.IsPositiveInfinity(mass))
                throw new ArgumentException($"Weight {i} is {mass}; it must be finite and above 0.");
            while (blocks > 0 && means[blocks - 1] >= mean)
            {
                blocks--;
                double sum = masses[blocks] + mass;
                mean += (means[blocks] - mean) * (masses[blocks] / sum);
                mass = sum;
            }
            means[blocks] = mean;
            masses[blocks] = mass;
            ends[blocks++] = i + 1;
        }
        for (int block = 0, start = 0; block < blocks; start = ends[block++])
            values[start..ends[block]].Fill(means[block]);
        return blocks;
    }
}
