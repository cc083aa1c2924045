using RecallCluster.Numerics;

namespace RecallCluster.Learning.Training;

/// <summary>
/// Draws ads with probability proportional to (number of events)^power, in constant time (alias method; Walker, 1977, as built by Vose,
/// 1991). Ads without events are never drawn unless the power is 0.
/// </summary>
public sealed class NegativeSampler
{
    private readonly float[] _threshold;
    private readonly int[] _alias;
    private readonly double[] _probability;

    /// <summary>A sampler over ads with these numbers of events.</summary>
    /// <param name="counts">Number of events of each ad.</param>
    /// <param name="power">0: uniform over all ads; 1: by popularity; between: popularity flattened.</param>
    /// <exception cref="ArgumentException">No ad can be drawn.</exception>
    public NegativeSampler(ReadOnlySpan<int> counts, double power)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(power);
        int n = counts.Length;
        _probability = new double[n];
        double total = 0;
        for (int i = 0; i < n; i++)
            total += _probability[i] = power == 0 ? 1 : counts[i] == 0 ? 0 : Math.Pow(counts[i], power);
        if (total <= 0)
            throw new ArgumentException("No ad has an event, so that none can be drawn.", nameof(counts));
        for (int i = 0; i < n; i++)
            _probability[i] /= total;
        _threshold = new float[n];
        _alias = new int[n];
        Build();
    }

    /// <summary>Probability that a draw gives <paramref name="item"/>.</summary>
    public double Probability(int item) => _probability[item];

    /// <summary>Draws one ad.</summary>
    public int Draw(SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        int column = random.NextInt(_threshold.Length);
        return random.NextSingle() < _threshold[column] ? column : _alias[column];
    }

    // Each column holds one ad's remainder and, above its threshold, a part of an ad that has more than a column's share.
    private void Build()
    {
        int n = _probability.Length;
        var share = new double[n];
        var small = new Stack<int>();
        var large = new Stack<int>();
        for (int i = 0; i < n; i++)
        {
            share[i] = _probability[i] * n;
            (share[i] < 1 ? small : large).Push(i);
        }
        while (small.Count > 0 && large.Count > 0)
        {
            int less = small.Pop(), more = large.Pop();
            _threshold[less] = (float)share[less];
            _alias[less] = more;
            share[more] -= 1 - share[less];
            (share[more] < 1 ? small : large).Push(more);
        }
        // What is left has share 1 up to rounding; a small one that cannot be drawn must not become drawable by it.
        foreach (int column in large.Concat(small))
        {
            _threshold[column] = _probability[column] > 0 ? 1 : 0;
            _alias[column] = _probability[column] > 0 ? column : MostLikely();
        }
    }

    private int MostLikely() => Array.IndexOf(_probability, _probability.Max());
}
