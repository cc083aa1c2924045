using static RecallCluster.Numerics.SpecialFunctions;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// Maximum likelihood for Beta-binomial counts by Minka's fixed point ("Estimating a Dirichlet distribution", 2000), started from the
/// moments and sped up by Aitken extrapolation where that raises the likelihood. Counts without over-dispersion have no maximum (the
/// strength runs away to plain binomial); the strength is capped instead.
/// </summary>
public static class BetaBinomial
{
    /// <summary>Strengths beyond this mean: no over-dispersion to be seen.</summary>
    public const double StrengthCap = 1e6;

    private const double SmallestStrength = 1e-3;
    private const int MaxIterations = 500;
    private const double Tolerance = 1e-9;

    /// <summary>
    /// One observed unit: <paramref name="Positives"/> of <paramref name="Trials"/>, with prior mean <paramref name="Mean"/>.
    /// </summary>
    /// <param name="Positives">Positives, in [0, Trials]; need not be whole (soft labels, weights).</param>
    /// <param name="Trials">Trials, above 0.</param>
    /// <param name="Mean">Prior mean, in (0, 1).</param>
    public readonly record struct Unit(double Positives, double Trials, double Mean);

    /// <summary>The strength s that maximises the likelihood of units with prior Beta(s·mean, s·(1 - mean)).</summary>
    /// <returns>A strength in [0.001, <see cref="StrengthCap"/>]; the cap when there are no units or no over-dispersion.</returns>
    /// <exception cref="ArgumentException">A unit is not as described.</exception>
    public static double FitStrength(ReadOnlySpan<Unit> units)
    {
        for (int i = 0; i < units.Length; i++)
            Check(units[i], i);
        double strength = MomentStrength(units);
        double previousStep = double.NaN;
        for (int iteration = 0; iteration < MaxIterations && strength < StrengthCap; iteration++)
        {
            double logNow = Math.Log(strength);
            double next = Math.Clamp(FixedPointStep(units, strength), SmallestStrength, StrengthCap);
            double step = Math.Log(next) - logNow;
            double ratio = step / previousStep;
            if (ratio is > 0 and < 1)
            {
                double jump = Math.Clamp(Math.Exp(logNow + (step / (1 - ratio))), SmallestStrength, StrengthCap);
                if (LogLikelihood(units, jump) > LogLikelihood(units, next))
                    (next, step) = (jump, double.NaN);
            }
            previousStep = step;
            strength = next;
            if (Math.Abs(Math.Log(strength) - logNow) < Tolerance)
                break;
        }
        return strength < StrengthCap && LogLikelihood(units, StrengthCap) >= LogLikelihood(units, strength) ? StrengthCap : strength;
    }

    /// <summary>
    /// The Beta(a, b) that maximises the likelihood of <paramref name="positives"/>[i] of <paramref name="trials"/>[i]; a + b is at most
    /// <see cref="StrengthCap"/>.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The spans differ in length or are empty, a unit is not as described, or all or none are positive (no maximum).
    /// </exception>
    public static (double A, double B) Fit(ReadOnlySpan<double> positives, ReadOnlySpan<double> trials)
    {
        if (positives.Length != trials.Length || positives.Length == 0)
            throw new ArgumentException(
                $"{positives.Length} counts of positives and {trials.Length} of trials; want as many, and at least one.");
        double sumPositives = 0, sumTrials = 0;
        for (int i = 0; i < positives.Length; i++)
        {
            Check(new Unit(positives[i], trials[i], 0.5), i);
            sumPositives += positives[i];
            sumTrials += trials[i];
        }
        if (sumPositives <= 0 || sumPositives >= sumTrials)
            throw new ArgumentException($"{sumPositives} positives of {sumTrials} trials: a Beta prior needs some of both kinds.");

        // Alternate: the strength at a fixed mean, then one fixed-point step of the mean at that strength.
        double mean = sumPositives / sumTrials, strength = StrengthCap;
        var units = new Unit[positives.Length];
        for (int iteration = 0; iteration < MaxIterations; iteration++)
        {
            for (int i = 0; i < units.Length; i++)
                units[i] = new Unit(positives[i], trials[i], mean);
            strength = FitStrength(units);
            double up = 0, down = 0;
            foreach (Unit unit in units)
            {
                up += mean * Rise(unit.Positives, strength * mean);
                down += (1 - mean) * Rise(unit.Trials - unit.Positives, strength * (1 - mean));
            }
            double next = up / (up + down);
            bool settled = Math.Abs(next - mean) <= Tolerance * mean;
            mean = next;
            if (settled)
                break;
        }
        return (strength * mean, strength * (1 - mean));
    }

    /// <summary>Log likelihood of the units at a strength, without the binomial coefficients.</summary>
    public static double LogLikelihood(ReadOnlySpan<Unit> units, double strength)
    {
        double sum = 0;
        foreach (Unit unit in units)
        {
            double a = strength * unit.Mean, b = strength - a;
            sum += LogGamma(unit.Positives + a) - LogGamma(a)
                + LogGamma(unit.Trials - unit.Positives + b) - LogGamma(b)
                - LogGamma(unit.Trials + strength) + LogGamma(strength);
        }
        return sum;
    }

    private static double FixedPointStep(ReadOnlySpan<Unit> units, double strength)
    {
        double numerator = 0, denominator = 0;
        foreach (Unit unit in units)
        {
            double a = strength * unit.Mean, b = strength - a;
            numerator += (unit.Mean * Rise(unit.Positives, a)) + ((1 - unit.Mean) * Rise(unit.Trials - unit.Positives, b));
            denominator += Rise(unit.Trials, strength);
        }
        return strength * numerator / denominator;
    }

    private static double Rise(double count, double start) => count == 0 ? 0 : Digamma(count + start) - Digamma(start);

    // Matches the excess of sum (k - n m)^2 over its binomial expectation: var = n m (1 - m) (1 + (n - 1) rho), rho = 1/(s + 1).
    private static double MomentStrength(ReadOnlySpan<Unit> units)
    {
        double excess = 0, scale = 0;
        foreach (Unit unit in units)
        {
            double variance = unit.Trials * unit.Mean * (1 - unit.Mean);
            double deviation = unit.Positives - (unit.Trials * unit.Mean);
            excess += (deviation * deviation) - variance;
            scale += variance * (unit.Trials - 1);
        }
        double rho = scale > 0 ? excess / scale : 0;
        return rho > 0 ? Math.Clamp((1 / rho) - 1, 1, 1e4) : units.IsEmpty ? StrengthCap : 1e3;
    }

    private static void Check(Unit unit, int index)
    {
        if (!(unit.Trials > 0) || !double.IsFinite(unit.Trials) || !(unit.Positives >= 0 && unit.Positives <= unit.Trials))
            throw new ArgumentException($"Unit {index}: {unit.Positives} positives of {unit.Trials} trials.");
        if (!(unit.Mean > 0 && unit.Mean < 1))
            throw new ArgumentException($"Unit {index}: prior mean {unit.Mean} is not inside (0, 1).");
    }
}
