using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>Turns fitted points into a strictly increasing map of [0, 1] into [0, 1].</summary>
internal static class MonotoneCurve
{
    /// <summary>
    /// Share of the raw prediction that is mixed into every map. It breaks the ties inside a pooled block by a tiny slope (the map is then
    /// a mean of a never descending map and a strictly increasing one) at the price of moving no value by more than this share.
    /// </summary>
    private const double TieBreak = 1e-6;

    /// <summary>Knots closer than this, relative to their place, are one.</summary>
    private const double Resolution = 1e-12;

    private const double ExtensionStep = 0.5;
    private const double LineStep = 0.25;
    private const double LowestProportional = 0.01;
    private const double HighestLogit = 14;

    /// <summary>
    /// Lines through the points; beyond the outermost ones the map keeps their odds ratio (for small probabilities: the
    /// proportion), which ends at 0 and at 1 without leaving [0, 1].
    /// </summary>
    /// <param name="x">Ascending predictions.</param>
    /// <param name="y">Never descending values in [0, 1].</param>
    /// <param name="straightInLogit">Whether the lines are straight in the logit, as errors of predictions tend to be, or in p.</param>
    public static PiecewiseLinearMap ThroughPoints(ReadOnlySpan<double> x, ReadOnlySpan<double> y, bool straightInLogit = false)
    {
        var knots = new KnotList();
        double belowRatio = OddsRatio(x[0], y[0]), aboveRatio = OddsRatio(x[^1], y[^1]);
        knots.Add(0, AtOddsRatio(0, belowRatio));
        foreach (double below in LogitSteps(0, x[0]))
            knots.Add(below, AtOddsRatio(below, belowRatio));
        for (int i = 0; i < x.Length; i++)
        {
            if (straightInLogit && i > 0 && y[i - 1] > 0 && y[i] > y[i - 1] && y[i] < 1)
                knots.AddLogitLine(x[i - 1], y[i - 1], x[i], y[i]);
            knots.Add(x[i], y[i]);
        }
        foreach (double above in LogitSteps(x[^1], 1))
            knots.Add(above, AtOddsRatio(above, aboveRatio));
        knots.Add(1, AtOddsRatio(1, aboveRatio));
        return knots.ToMap();
    }

    /// <summary>Straight lines through the points, constant beyond the outermost ones (plain isotonic regression).</summary>
    public static PiecewiseLinearMap Clipped(ReadOnlySpan<double> x, ReadOnlySpan<double> y, bool breakTies)
    {
        var knots = new KnotList { BreakTies = breakTies };
        knots.Add(0, y[0]);
        for (int i = 0; i < x.Length; i++)
            knots.Add(x[i], y[i]);
        knots.Add(1, y[^1]);
        return knots.ToMap();
    }

    /// <summary>The map x -> outer(inner(x)); the inner one must be strictly increasing.</summary>
    public static PiecewiseLinearMap Compose(PiecewiseLinearMap outer, PiecewiseLinearMap inner)
    {
        var places = new List<double>(inner.X.Length + outer.X.Length);
        places.AddRange(inner.X);
        foreach (double value in outer.X)
        {
            if (value > inner.Y[0] && value < inner.Y[^1])
                places.Add(Inverse(inner, value));
        }
        places.Sort();
        var knots = new KnotList { BreakTies = false };
        foreach (double place in places)
            knots.Add(place, outer.Apply(inner.Apply(place)));
        return knots.ToMap();
    }

    private static double Inverse(PiecewiseLinearMap map, double value)
    {
        int i = map.Y.BinarySearch(value);
        if (i >= 0)
            return map.X[i];
        i = ~i;
        double share = (value - map.Y[i - 1]) / (map.Y[i] - map.Y[i - 1]);
        return map.X[i - 1] + (share * (map.X[i] - map.X[i - 1]));
    }

    private static double OddsRatio(double x, double y)
    {
        double clipped = Probability.Clip(x);
        return y >= 1 ? double.PositiveInfinity : y / (1 - y) * (1 - clipped) / clipped;
    }

    private static double AtOddsRatio(double x, double ratio) =>
        double.IsPositiveInfinity(ratio) ? 1 : x * ratio == 0 ? 0 : x * ratio / (1 - x + (x * ratio));

    // Enough knots for the lines to follow the odds curve; below one percent the curve is a line anyway.
    private static IEnumerable<double> LogitSteps(double from, double to)
    {
        double start = from <= LowestProportional ? Probability.Logit(LowestProportional) : Probability.Logit(from) + ExtensionStep;
        double end = to >= 1 ? HighestLogit : Probability.Logit(to) - (ExtensionStep / 2);
        for (double logit = start; logit < end; logit += ExtensionStep)
            yield return Probability.Sigmoid(logit);
    }

    /// <summary>Collects knots from left to right, keeping them apart, monotone and inside [0, 1] whatever rounding does.</summary>
    private sealed class KnotList
    {
        private readonly List<double> _x = [];
        private readonly List<double> _y = [];

        public bool BreakTies { get; init; } = true;

        public void Add(double x, double y)
        {
            double value = BreakTies ? ((1 - TieBreak) * y) + (TieBreak * x) : y;
            value = Math.Clamp(value, _y.Count > 0 ? _y[^1] : 0, 1);
            if (_x.Count > 0 && x - _x[^1] <= Resolution * Math.Max(x, double.Epsilon / Resolution))
            {
                _y[^1] = value;
                return;
            }
            _x.Add(x);
            _y.Add(value);
        }

        /// <summary>Knots inside a line that is straight in the logit, near enough for straight lines in p between them.</summary>
        public void AddLogitLine(double fromX, double fromY, double toX, double toY)
        {
            double startX = Probability.Logit(fromX), endX = Probability.Logit(toX);
            double startY = Probability.Logit(fromY), endY = Probability.Logit(toY);
            int steps = (int)Math.Ceiling(Math.Max(endX - startX, endY - startY) / LineStep);
            for (int step = 1; step < steps; step++)
            {
                double share = (double)step / steps;
                Add(Probability.Sigmoid(startX + (share * (endX - startX))), Probability.Sigmoid(startY + (share * (endY - startY))));
            }
        }

        public PiecewiseLinearMap ToMap()
        {
            // A fitted point within the resolution of 1 took the end's place.
            _x[^1] = 1;
            return new PiecewiseLinearMap([.. _x], [.. _y]);
        }
    }
}
