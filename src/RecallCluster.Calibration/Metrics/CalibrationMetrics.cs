namespace RecallCluster.Calibration.Metrics;

/// <summary>
/// The figures of a set of predictions p in [0, 1] and labels y in {0, 1}, optionally weighted (an empty span of weights means 1 each).
/// Every one throws <see cref="ArgumentException"/> when spans differ in length or are empty, and
/// <see cref="ArgumentOutOfRangeException"/>, naming the row, for a value outside its range.
/// </summary>
public static class CalibrationMetrics
{
    /// <summary>Predictions are moved this far from 0 (and from 1 where that matters) before a logarithm or a quotient is taken.</summary>
    public const double Floor = Probability.Floor;

    /// <summary>PCOC, predicted clicks over clicks: 1 is right, above 1 over-estimates. Infinite without positives.</summary>
    public static double Pcoc(ReadOnlySpan<double> p, ReadOnlySpan<byte> y, ReadOnlySpan<double> weights = default)
    {
        Check(p, y, weights);
        double predicted = 0, positives = 0;
        for (int i = 0; i < p.Length; i++)
        {
            double w = weights.IsEmpty ? 1 : weights[i];
            predicted += w * p[i];
            positives += w * y[i];
        }
        return Pcoc(predicted, positives);
    }

    /// <summary>PCOC of sums; infinite without positives.</summary>
    public static double Pcoc(double predicted, double positives) => positives > 0 ? predicted / positives : double.PositiveInfinity;

    /// <summary>
    /// Calibration error of one PCOC: the relative excess, seen from the smaller side; at least 0, and the same for r and 1/r.
    /// </summary>
    public static double ErrorOf(double pcoc) => pcoc >= 1 ? pcoc - 1 : (1 / pcoc) - 1;

    /// <summary>
    /// Cal-N = sqrt(mean e_n^2) over clusters in score order, e_n the <see cref="ErrorOf">error</see> of the cluster's PCOC. A cluster
    /// without positives is merged with the next one until there is one (the last ones with the one before). Infinite without positives.
    /// </summary>
    /// <param name="predicted">Sum of predictions of each cluster, in ascending order of raw score.</param>
    /// <param name="positives">Positives of each cluster.</param>
    /// <param name="weights">
    /// Impressions of each cluster; predictions are floored at <see cref="Floor"/> each, so that errors stay finite.
    /// </param>
    /// <param name="merged">How many clusters were merged into a neighbour (empty ones not counted).</param>
    public static double CalN(ReadOnlySpan<double> predicted, ReadOnlySpan<double> positives, ReadOnlySpan<double> weights, out int merged)
    {
        merged = 0;
        double squares = 0, p = 0, y = 0, lastP = 0, lastY = 0;
        int clusters = 0, held = 0;
        for (int i = 0; i < predicted.Length; i++)
        {
            if (weights[i] <= 0)
                continue;
            p += Math.Max(predicted[i], Floor * weights[i]);
            y += positives[i];
            held++;
            if (y <= 0)
                continue;
            squares += Square(ErrorOf(p / y));
            merged += held - 1;
            (lastP, lastY) = (p, y);
            p = y = 0;
            held = 0;
            clusters++;
        }
        if (clusters == 0)
            return double.PositiveInfinity;
        if (held > 0)
        {
            squares += Square(ErrorOf((lastP + p) / lastY)) - Square(ErrorOf(lastP / lastY));
            merged += held;
        }
        return Math.Sqrt(Math.Max(0, squares) / clusters);
    }

    /// <summary>ECE: mean over impressions of |mean prediction - rate| of their cluster.</summary>
    public static double Ece(ReadOnlySpan<double> predicted, ReadOnlySpan<double> positives, ReadOnlySpan<double> weights)
    {
        double error = 0, total = 0;
        for (int i = 0; i < predicted.Length; i++)
        {
            error += Math.Abs(predicted[i] - positives[i]);
            total += weights[i];
        }
        return error / total;
    }

    /// <summary>Mean log loss, in nats; predictions are kept <see cref="Floor"/> away from 0 and 1.</summary>
    public static double LogLoss(ReadOnlySpan<double> p, ReadOnlySpan<byte> y, ReadOnlySpan<double> weights = default) =>
        Mean(p, y, weights, LogLoss);

    /// <summary>Brier score: mean squared error.</summary>
    public static double Brier(ReadOnlySpan<double> p, ReadOnlySpan<byte> y, ReadOnlySpan<double> weights = default) =>
        Mean(p, y, weights, static (prediction, label) => Square(prediction - label));

    /// <summary>
    /// AUC: the chance that a positive is ranked above a negative, ties counting half. NaN without positives or without negatives.
    /// </summary>
    public static double Auc(ReadOnlySpan<double> p, ReadOnlySpan<byte> y, ReadOnlySpan<double> weights = default)
    {
        Check(p, y, weights);
        return new RankedLabels(p, y, weights).Auc();
    }

    internal static double LogLoss(double p, byte y)
    {
        double clipped = Probability.Clip(p);
        return y != 0 ? -Math.Log(clipped) : -Math.Log(1 - clipped);
    }

    private static double Mean(
        ReadOnlySpan<double> p, ReadOnlySpan<byte> y, ReadOnlySpan<double> weights, Func<double, byte, double> lossOf)
    {
        Check(p, y, weights);
        double loss = 0, total = 0;
        for (int i = 0; i < p.Length; i++)
        {
            double weight = weights.IsEmpty ? 1 : weights[i];
            loss += weight * lossOf(p[i], y[i]);
            total += weight;
        }
        return loss / total;
    }

    internal static double Square(double value) => value * value;

    internal static void Check(ReadOnlySpan<double> p, ReadOnlySpan<byte> y, ReadOnlySpan<double> weights)
    {
        if (p.IsEmpty || p.Length != y.Length || (weights.Length != 0 && weights.Length != p.Length))
            throw new ArgumentException(
                $"{p.Length} predictions, {y.Length} labels, {weights.Length} weights; want as many of each, and at least one.");
        double total = 0;
        for (int i = 0; i < p.Length; i++)
        {
            if (!(p[i] >= 0 && p[i] <= 1))
                Probability.ThrowOutside(p[i], i);
            if (y[i] > 1)
                throw new ArgumentOutOfRangeException(nameof(y), y[i], $"Label {i} must be 0 or 1; got {y[i]}.");
            double w = weights.IsEmpty ? 1 : weights[i];
            if (!(w >= 0 && double.IsFinite(w)))
                throw new ArgumentOutOfRangeException(nameof(weights), w, $"Weight {i} must be finite and at least 0; got {w}.");
            total += w;
        }
        if (total <= 0)
            throw new ArgumentException("All weights are 0.");
    }
}
