using System.Diagnostics.CodeAnalysis;

namespace RecallCluster.Calibration;

/// <summary>Checks and conversions of probabilities that every part shares.</summary>
internal static class Probability
{
    /// <summary>Predictions closer to 0 or 1 than this are moved to it before a logarithm or a quotient is taken.</summary>
    public const double Floor = 1e-12;

    public static double Clip(double p) => Math.Min(Math.Max(p, Floor), 1 - Floor);

    public static double Logit(double p)
    {
        double clipped = Clip(p);
        return Math.Log(clipped) - Math.Log(1 - clipped);
    }

    /// <summary>The logistic function, without overflow on either side.</summary>
    public static double Sigmoid(double logit)
    {
        if (logit >= 0)
            return 1 / (1 + Math.Exp(-logit));
        double odds = Math.Exp(logit);
        return odds / (1 + odds);
    }

    public static void Check(double p)
    {
        if (!(p >= 0 && p <= 1))
            ThrowOutside(p);
    }

    [DoesNotReturn]
    public static void ThrowOutside(double p) =>
        throw new ArgumentOutOfRangeException(nameof(p), p, $"A prediction must be a number in [0, 1]; got {p}.");

    [DoesNotReturn]
    public static void ThrowOutside(double p, int index) =>
        throw new ArgumentOutOfRangeException(nameof(p), p, $"Prediction {index} must be a number in [0, 1]; got {p}.");

    [DoesNotReturn]
    public static void ThrowLabel(double y) =>
        throw new ArgumentOutOfRangeException(nameof(y), y, $"A label must be a number in [0, 1]; got {y}.");

    [DoesNotReturn]
    public static void ThrowWeight(double weight, double max) =>
        throw new ArgumentOutOfRangeException(nameof(weight), weight, $"A weight must be a number in [0, {max}]; got {weight}.");
}
