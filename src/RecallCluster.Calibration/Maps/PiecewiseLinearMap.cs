using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RecallCluster.Numerics;

namespace RecallCluster.Calibration.Maps;

/// <summary>Straight lines between knots: the form of SIR, Bayes-SIR, RTW-BSIR and isotonic regression.</summary>
public sealed unsafe class PiecewiseLinearMap : CalibrationMap
{
    private readonly double[] _x;
    private readonly double[] _y;
    private readonly double[] _slope;
    private readonly int _segments;

    /// <summary>A map through the knots (<paramref name="x"/>[i], <paramref name="y"/>[i]).</summary>
    /// <param name="x">At least two predictions, strictly ascending from exactly 0 to exactly 1.</param>
    /// <param name="y">As many probabilities, never descending.</param>
    /// <exception cref="ArgumentException">The knots are not as described; the message names the first that is wrong.</exception>
    public PiecewiseLinearMap(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.Length < 2 || x.Length != y.Length)
            throw new ArgumentException($"A map needs at least two knots and as many values; got {x.Length} knots and {y.Length} values.");
        if (x[0] != 0 || x[^1] != 1)
            throw new ArgumentException($"The knots must run from 0 to 1; they run from {x[0]} to {x[^1]}.");
        _x = x.ToArray();
        _y = y.ToArray();
        _segments = x.Length - 1;
        _slope = new double[_segments];
        StrictlyIncreasing = true;
        for (int i = 0; i < x.Length; i++)
        {
            if (!(y[i] >= 0 && y[i] <= 1))
                throw new ArgumentException($"Knot {i}: value {y[i]} is not in [0, 1].");
            if (i == 0)
                continue;
            if (!(x[i] > x[i - 1]))
                throw new ArgumentException($"Knot {i}: {x[i]} does not lie above the knot before it, {x[i - 1]}.");
            if (y[i] < y[i - 1])
                throw new ArgumentException($"Knot {i}: value {y[i]} lies below the one before it, {y[i - 1]}.");
            _slope[i - 1] = (y[i] - y[i - 1]) / (x[i] - x[i - 1]);
            if (!double.IsFinite(_slope[i - 1]))
                throw new ArgumentException($"Knot {i}: {x[i]} is too close to the knot before it.");
            StrictlyIncreasing &= y[i] > y[i - 1];
        }
    }

    /// <inheritdoc/>
    public override bool StrictlyIncreasing { get; }

    /// <summary>The knots' predictions.</summary>
    public ReadOnlySpan<double> X => _x;

    /// <summary>The knots' probabilities.</summary>
    public ReadOnlySpan<double> Y => _y;

    /// <inheritdoc/>
    public override double Apply(double p)
    {
        if (!(p >= 0 && p <= 1))
            Probability.ThrowOutside(p);
        return Evaluate(p);
    }

    /// <inheritdoc/>
    public override bool Equals(CalibrationMap? other) =>
        other is PiecewiseLinearMap map && _x.AsSpan().SequenceEqual(map._x) && _y.AsSpan().SequenceEqual(map._y);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_x.Length, _y[0], _y[_segments / 2], _y[^1]);

    private protected override void ApplyMany(ReadOnlySpan<double> predictions, Span<double> calibrated)
    {
        int i = 0;
        if (Simd.Path >= SimdPath.Avx2 && predictions.Length >= 2 * Vector256<double>.Count)
            i = ApplyVectors(predictions, calibrated);
        for (; i < predictions.Length; i++)
        {
            double p = predictions[i];
            if (!(p >= 0 && p <= 1))
                Probability.ThrowOutside(p, i);
            calibrated[i] = Evaluate(p);
        }
    }

    // The line is cut at the next knot's value: rounding must not lift a point above the segment that follows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double Evaluate(double p)
    {
        int i = KnotSearch.IntervalOf(_x, _segments, p);
        return Math.Min(_y[i] + ((p - _x[i]) * _slope[i]), _y[i + 1]);
    }

    // Two vectors at a time: the searches' gathers are a chain of loads each, and two chains overlap.
    private int ApplyVectors(ReadOnlySpan<double> predictions, Span<double> calibrated)
    {
        int width = Vector256<double>.Count;
        int i = 0;
        fixed (double* source = predictions, target = calibrated, x = _x, y = _y, slope = _slope)
        {
            for (; i <= predictions.Length - (2 * width); i += 2 * width)
            {
                Vector256<double> p0 = Vector256.Load(source + i), p1 = Vector256.Load(source + i + width);
                if (!KnotSearch.AllProbabilities(p0) || !KnotSearch.AllProbabilities(p1))
                    return i;
                Vector256<long> low0 = Vector256<long>.Zero, low1 = Vector256<long>.Zero;
                for (int length = _segments; length > 1;)
                {
                    int half = length >> 1;
                    Vector256<long> step = Vector256.Create((long)half);
                    Vector256<double> edge0 = Avx2.GatherVector256(x, low0 + step, sizeof(double));
                    Vector256<double> edge1 = Avx2.GatherVector256(x, low1 + step, sizeof(double));
                    low0 += Vector256.LessThanOrEqual(edge0, p0).AsInt64() & step;
                    low1 += Vector256.LessThanOrEqual(edge1, p1).AsInt64() & step;
                    length -= half;
                }
                Line(p0, low0, x, y, slope).Store(target + i);
                Line(p1, low1, x, y, slope).Store(target + i + width);
            }
        }
        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Line(Vector256<double> p, Vector256<long> i, double* x, double* y, double* slope)
    {
        Vector256<double> offset = p - Avx2.GatherVector256(x, i, sizeof(double));
        Vector256<double> line = Avx2.GatherVector256(y, i, sizeof(double)) + (offset * Avx2.GatherVector256(slope, i, sizeof(double)));
        return Vector256.Min(line, Avx2.GatherVector256(y + 1, i, sizeof(double)));
    }
}
