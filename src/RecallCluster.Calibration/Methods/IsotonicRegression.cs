using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// Isotonic regression of samples as they are, without the grid: sort, average equal predictions, pool adjacent violators. Exact, but
/// it needs all samples at once; the calibrators work from mergeable counts instead (<see cref="IsotonicCalibration"/>).
/// </summary>
public static class IsotonicRegression
{
    private readonly record struct Sample(double Label, double Weight);

    /// <summary>Fits the samples.</summary>
    /// <param name="predictions">Predictions in [0, 1], in any order.</param>
    /// <param name="labels">As many labels in [0, 1].</param>
    /// <param name="weights">As many weights (finite, at least 0; a weight of 0 leaves the sample out), or empty for 1 each.</param>
    /// <param name="breakTies">Whether ties inside a block are broken by a slope of 1e-6.</param>
    /// <exception cref="ArgumentException">The spans differ in length, or no sample has a weight.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is NaN or outside its range.</exception>
    public static PiecewiseLinearMap Fit(
        ReadOnlySpan<double> predictions, ReadOnlySpan<double> labels, ReadOnlySpan<double> weights = default, bool breakTies = false)
    {
        (double[] x, Sample[] samples) = Sorted(predictions, labels, weights);
        var y = new double[x.Length];
        var w = new double[x.Length];
        int distinct = 0;
        for (int i = 0; i < x.Length;)
        {
            double at = x[i], weight = 0, sum = 0;
            for (; i < x.Length && x[i] == at; i++)
            {
                weight += samples[i].Weight;
                sum += samples[i].Weight * samples[i].Label;
            }
            x[distinct] = at;
            y[distinct] = Math.Min(1, sum / weight);
            w[distinct++] = weight;
        }
        PoolAdjacentViolators.Fit(y.AsSpan(0, distinct), w.AsSpan(0, distinct));
        return MapOfBlocks(x.AsSpan(0, distinct), y.AsSpan(0, distinct), breakTies);
    }

    /// <summary>The map through both ends of every block of equal values.</summary>
    internal static PiecewiseLinearMap MapOfBlocks(ReadOnlySpan<double> x, ReadOnlySpan<double> fitted, bool breakTies)
    {
        var ends = new List<double>();
        var values = new List<double>();
        for (int i = 0; i < x.Length; i++)
        {
            bool inside = i > 0 && i < x.Length - 1 && fitted[i] == fitted[i - 1] && fitted[i] == fitted[i + 1];
            if (inside)
                continue;
            ends.Add(x[i]);
            values.Add(fitted[i]);
        }
        return MonotoneCurve.Clipped([.. ends], [.. values], breakTies);
    }

    // A counting sort over the grid's cells first: what remains is to sort short runs that fit the first-level cache.
    private static (double[] X, Sample[] Samples) Sorted(
        ReadOnlySpan<double> predictions, ReadOnlySpan<double> labels, ReadOnlySpan<double> weights)
    {
        int count = predictions.Length;
        if (labels.Length != count || (weights.Length != count && weights.Length != 0))
            throw new ArgumentException($"{count} predictions, {labels.Length} labels, {weights.Length} weights.");
        var cells = new ushort[count];
        var starts = new int[LogitGrid.Cells + 1];
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            double p = predictions[i], y = labels[i], w = weights.Length == 0 ? 1 : weights[i];
            if (!(p >= 0 && p <= 1))
                Probability.ThrowOutside(p, i);
            if (!(y >= 0 && y <= 1))
                Probability.ThrowLabel(y);
            if (!(w >= 0 && double.IsFinite(w)))
                Probability.ThrowWeight(w, double.MaxValue);
            int cell = LogitGrid.CellOf(p);
            cells[i] = (ushort)cell;
            if (w > 0)
            {
                starts[cell + 1]++;
                kept++;
            }
        }
        if (kept == 0)
            throw new ArgumentException("Isotonic regression needs at least one sample with a weight above 0.");
        for (int cell = 0; cell < LogitGrid.Cells; cell++)
            starts[cell + 1] += starts[cell];
        var x = new double[kept];
        var samples = new Sample[kept];
        int[] next = starts[..LogitGrid.Cells];
        for (int i = 0; i < count; i++)
        {
            double w = weights.Length == 0 ? 1 : weights[i];
            if (w == 0)
                continue;
            int place = next[cells[i]]++;
            x[place] = predictions[i];
            samples[place] = new Sample(labels[i], w);
        }
        for (int cell = 0; cell < LogitGrid.Cells; cell++)
        {
            int length = starts[cell + 1] - starts[cell];
            if (length > 1)
                x.AsSpan(starts[cell], length).Sort(samples.AsSpan(starts[cell], length));
        }
        return (x, samples);
    }
}
