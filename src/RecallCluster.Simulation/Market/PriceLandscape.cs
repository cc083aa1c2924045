using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Market;

/// <summary>
/// What a bidder outside our market offers for a thousand impressions: the highest one, where an auction sells one slot; where it sells
/// several, as many bidders as there are slots, each on its own.
/// </summary>
public interface IPriceLandscape
{
    /// <summary>One rival's eCPM in one auction, in units of the currency, before drift.</summary>
    double Draw(SeededRandom random);
}

/// <summary>Log-normal prices, the usual model of win prices in real-time bidding.</summary>
public sealed class LogNormalLandscape : IPriceLandscape
{
    private readonly double _median, _deviation;

    /// <summary>A landscape.</summary>
    /// <param name="median">The median eCPM, in units of the currency, above 0.</param>
    /// <param name="deviation">Standard deviation of the logarithm, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is not as described.</exception>
    public LogNormalLandscape(double median, double deviation)
    {
        if (!(median > 0) || !double.IsFinite(median))
            throw new ArgumentOutOfRangeException(nameof(median), median, "The median price is finite and above 0.");
        if (!(deviation >= 0) || !double.IsFinite(deviation))
            throw new ArgumentOutOfRangeException(nameof(deviation), deviation, "The deviation is finite and 0 or more.");
        _median = median;
        _deviation = deviation;
    }

    /// <inheritdoc/>
    public double Draw(SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return _median * Math.Exp(_deviation * random.NextGaussian());
    }
}

/// <summary>
/// Prices as often as a log had them, by Walker's alias method (Vose, 1991): one draw costs the same however many prices there are.
/// </summary>
public sealed class HistogramLandscape : IPriceLandscape
{
    private readonly double[] _accept;
    private readonly int[] _alias;
    private readonly double _step;

    /// <summary>A landscape.</summary>
    /// <param name="counts">How often each price was seen; price i is i steps.</param>
    /// <param name="step">The price of one step, in units of the currency for a thousand impressions: 0.01 for fen.</param>
    /// <exception cref="ArgumentException">A count is negative, or there is none above zero.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The step is not a positive finite number.</exception>
    public HistogramLandscape(ReadOnlySpan<long> counts, double step)
    {
        if (!(step > 0) || !double.IsFinite(step))
            throw new ArgumentOutOfRangeException(nameof(step), step, "The step is finite and above 0.");
        double total = 0;
        int likeliest = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            total += counts[i] >= 0 ? counts[i] : throw new ArgumentException($"Count {i} of a histogram is {counts[i]}.", nameof(counts));
            if (counts[i] > counts[likeliest])
                likeliest = i;
        }
        if (total == 0)
            throw new ArgumentException("A histogram without a price makes no landscape.", nameof(counts));
        _step = step;
        _accept = new double[counts.Length];
        _alias = new int[counts.Length];
        var small = new Stack<int>();
        var large = new Stack<int>();
        for (int i = 0; i < counts.Length; i++)
        {
            _accept[i] = counts[i] / total * counts.Length;
            (_accept[i] < 1 ? small : large).Push(i);
        }
        while (small.TryPop(out int less) && large.TryPop(out int more))
        {
            _alias[less] = more;
            _accept[more] -= 1 - _accept[less];
            (_accept[more] < 1 ? small : large).Push(more);
        }

        // What rounding leaves over is a whole column, or an empty one.
        foreach (int rest in small.Concat(large))
            (_accept[rest], _alias[rest]) = counts[rest] > 0 ? (1, rest) : (0, likeliest);
    }

    /// <inheritdoc/>
    public double Draw(SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        int column = random.NextInt(_accept.Length);
        return _step * (random.NextDouble() < _accept[column] ? column : _alias[column]);
    }
}
