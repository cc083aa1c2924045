using System.Runtime.Intrinsics;

namespace RecallCluster.Calibration.Maps;

/// <summary>
/// sigmoid(a ln p - b ln(1 - p) + c): beta calibration; with a = b Platt scaling of the logit; with a = b and c = 0 temperature
/// scaling. Predictions nearer to 0 or 1 than 1e-12 are treated as if they were that far away.
/// </summary>
public sealed class LogisticMap : CalibrationMap
{
    /// <summary>A map with the given coefficients.</summary>
    /// <exception cref="ArgumentException">A coefficient is not finite, or a or b is negative (the map would descend).</exception>
    public LogisticMap(double a, double b, double c)
    {
        if (!double.IsFinite(a) || !double.IsFinite(b) || !double.IsFinite(c))
            throw new ArgumentException($"Coefficients must be finite; got a = {a}, b = {b}, c = {c}.");
        if (a < 0 || b < 0)
            throw new ArgumentException($"Coefficients a and b must not be negative; got a = {a}, b = {b}.");
        A = a;
        B = b;
        C = c;
    }

    /// <summary>Coefficient of ln p.</summary>
    public double A { get; }

    /// <summary>Coefficient of -ln(1 - p).</summary>
    public double B { get; }

    /// <summary>Constant term.</summary>
    public double C { get; }

    /// <inheritdoc/>
    public override bool StrictlyIncreasing => A > 0 || B > 0;

    /// <inheritdoc/>
    public override double Apply(double p)
    {
        if (!(p >= 0 && p <= 1))
            Probability.ThrowOutside(p);
        return Evaluate(Vector256.Create(p)).ToScalar();
    }

    /// <inheritdoc/>
    public override bool Equals(CalibrationMap? other) => other is LogisticMap map && A == map.A && B == map.B && C == map.C;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(A, B, C);

    private protected override void ApplyMany(ReadOnlySpan<double> predictions, Span<double> calibrated)
    {
        Span<double> rest = stackalloc double[Vector256<double>.Count];
        int i = 0;
        for (; i <= predictions.Length - Vector256<double>.Count; i += Vector256<double>.Count)
        {
            Vector256<double> p = Vector256.Create(predictions[i..]);
            if (!KnotSearch.AllProbabilities(p))
                ThrowFirstOutside(predictions, i);
            Evaluate(p).CopyTo(calibrated[i..]);
        }
        if (i == predictions.Length)
            return;
        rest.Clear();
        predictions[i..].CopyTo(rest);
        Vector256<double> last = Vector256.Create<double>(rest);
        if (!KnotSearch.AllProbabilities(last))
            ThrowFirstOutside(predictions, i);
        Evaluate(last).CopyTo(rest);
        rest[..(predictions.Length - i)].CopyTo(calibrated[i..]);
    }

    private static void ThrowFirstOutside(ReadOnlySpan<double> predictions, int start)
    {
        for (int i = start; i < predictions.Length; i++)
        {
            if (!(predictions[i] >= 0 && predictions[i] <= 1))
                Probability.ThrowOutside(predictions[i], i);
        }
    }

    // One routine for one value and for many: logarithms that differ in the last bit would tell equal predictions apart.
    // The exponential of minus the logit's size never overflows; the quotient is mirrored for negative logits.
    private Vector256<double> Evaluate(Vector256<double> p)
    {
        Vector256<double> one = Vector256<double>.One;
        Vector256<double> clipped = Vector256.Min(
            Vector256.Max(p, Vector256.Create(Probability.Floor)), Vector256.Create(1 - Probability.Floor));
        Vector256<double> logit = (Vector256.Create(A) * Vector256.Log(clipped))
            - (Vector256.Create(B) * Vector256.Log(one - clipped)) + Vector256.Create(C);
        Vector256<double> decay = Vector256.Exp(-Vector256.Abs(logit));
        Vector256<double> positive = Vector256.GreaterThanOrEqual(logit, Vector256<double>.Zero);
        return Vector256.ConditionalSelect(positive, one, decay) / (one + decay);
    }
}
