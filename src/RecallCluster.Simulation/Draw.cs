using RecallCluster.Numerics;

namespace RecallCluster.Simulation;

/// <summary>Draws that more than one part of a world makes.</summary>
internal static class Draw
{
    /// <summary>Fills a span with normal values of mean 0.</summary>
    public static void Normal(SeededRandom random, Span<float> values, double spread)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(spread * random.NextGaussian());
    }

    /// <summary>Running sums of positive weights, for <see cref="Index"/>.</summary>
    public static float[] Cumulate(ReadOnlySpan<double> weights)
    {
        var sums = new float[weights.Length];
        double sum = 0;
        for (int i = 0; i < sums.Length; i++)
            sums[i] = (float)(sum += weights[i]);
        return sums;
    }

    /// <summary>An index drawn in proportion to the weights behind <paramref name="cumulative"/>, whose last value is their sum.</summary>
    public static int Index(SeededRandom random, ReadOnlySpan<float> cumulative)
    {
        // Rounding must not reach the sum itself: behind it stands no weight, perhaps an index of weight 0.
        float target = Math.Min((float)(random.NextDouble() * cumulative[^1]), MathF.BitDecrement(cumulative[^1]));
        int low = 0, high = cumulative.Length - 1;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (cumulative[middle] > target)
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }
}
