using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RecallCluster.Numerics;

namespace RecallCluster.Calibration.Maps;

/// <summary>One probability per interval of predictions: the form of histogram binning. Ranking inside an interval is lost.</summary>
public sealed unsafe class StepMap : CalibrationMap
{
    private readonly double[] _edges;
    private readonly double[] _values;

    /// <summary>A map that takes the value <paramref name="values"/>[i] from <paramref name="edges"/>[i] up to the next edge.</summary>
    /// <param name="edges">Lower edges, strictly ascending from exactly 0, the last below or at 1.</param>
    /// <param name="values">As many probabilities, never descending.</param>
    /// <exception cref="ArgumentException">The steps are not as described; the message names the first that is wrong.</exception>
    public StepMap(ReadOnlySpan<double> edges, ReadOnlySpan<double> values)
    {
        if (edges.Length == 0 || edges.Length != values.Length)
            throw new ArgumentException(
                $"A map needs at least one step and as many values; got {edges.Length} steps and {values.Length} values.");
        if (edges[0] != 0 || !(edges[^1] <= 1))
            throw new ArgumentException($"The steps must start at 0 and end at or below 1; they run from {edges[0]} to {edges[^1]}.");
        for (int i = 0; i < edges.Length; i++)
        {
            if (!(values[i] >= 0 && values[i] <= 1))
                throw new ArgumentException($"Step {i}: value {values[i]} is not in [0, 1].");
            if (i > 0 && !(edges[i] > edges[i - 1]))
                throw new ArgumentException($"Step {i}: {edges[i]} does not lie above the step before it, {edges[i - 1]}.");
            if (i > 0 && values[i] < values[i - 1])
                throw new ArgumentException($"Step {i}: value {values[i]} lies below the one before it, {values[i - 1]}.");
        }
        _edges = edges.ToArray();
        _values = values.ToArray();
    }

    /// <inheritdoc/>
    public override bool StrictlyIncreasing => false;

    /// <summary>Lower edges of the steps.</summary>
    public ReadOnlySpan<double> Edges => _edges;

    /// <summary>Values of the steps.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <inheritdoc/>
    public override double Apply(double p)
    {
        if (!(p >= 0 && p <= 1))
            Probability.ThrowOutside(p);
        return _values[KnotSearch.IntervalOf(_edges, _edges.Length, p)];
    }

    /// <inheritdoc/>
    public override bool Equals(CalibrationMap? other) =>
        other is StepMap map && _edges.AsSpan().SequenceEqual(map._edges) && _values.AsSpan().SequenceEqual(map._values);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_edges.Length, _values[0], _values[_values.Length / 2], _values[^1]);

    private protected override void ApplyMany(ReadOnlySpan<double> predictions, Span<double> calibrated)
    {
        int i = 0;
        if (Simd.Path >= SimdPath.Avx2)
        {
            fixed (double* source = predictions, target = calibrated, edges = _edges, values = _values)
            {
                for (; i <= predictions.Length - Vector256<double>.Count; i += Vector256<double>.Count)
                {
                    Vector256<double> p = Vector256.Load(source + i);
                    if (!KnotSearch.AllProbabilities(p))
                        break;
                    Vector256<long> step = KnotSearch.IntervalsOf(edges, _edges.Length, p);
                    Avx2.GatherVector256(values, step, sizeof(double)).Store(target + i);
                }
            }
        }
        for (; i < predictions.Length; i++)
        {
            double p = predictions[i];
            if (!(p >= 0 && p <= 1))
                Probability.ThrowOutside(p, i);
            calibrated[i] = _values[KnotSearch.IntervalOf(_edges, _edges.Length, p)];
        }
    }
}
