namespace RecallCluster.Calibration.Methods;

/// <summary>
/// How far contexts stray from their parent, as a mixture of Beta strengths around the one that fits them all. One strength alone
/// cannot say "nearly all campaigns are like their advertiser, and one is off by a third": it would hold the odd one as tightly as the
/// rest. The mixture's weights come from expectation-maximisation; a context's posterior then weighs the strengths by how well each
/// explains it.
/// </summary>
internal sealed class StrengthMixture
{
    private const int Iterations = 200;
    private const double Tolerance = 1e-9;

    /// <summary>Strengths relative to the fitted one, the loosest first.</summary>
    private static readonly double[] Factors = [1e-3, 1e-2, 1e-1, 1, 10];

    private readonly double[] _strengths;
    private readonly double[] _weights;

    private StrengthMixture(double[] strengths, double[] weights)
    {
        _strengths = strengths;
        _weights = weights;
    }

    /// <summary>A single strength.</summary>
    public static StrengthMixture Single(double strength) => new([strength], [1]);

    /// <summary>Fits the units: the strength by <see cref="BetaBinomial.FitStrength"/>, the weights around it.</summary>
    public static StrengthMixture Fit(BetaBinomial.Unit[] units)
    {
        double centre = BetaBinomial.FitStrength(units);
        double[] strengths = [.. Factors.Select(factor => Math.Clamp(centre * factor, 1, BetaBinomial.StrengthCap)).Distinct()];
        double[] weights = [.. strengths.Select(_ => 1.0 / strengths.Length)];
        var likelihoods = new double[units.Length][];
        for (int i = 0; i < units.Length; i++)
            likelihoods[i] = Likelihoods(units[i], strengths);
        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            var next = new double[strengths.Length];
            foreach (double[] likelihood in likelihoods)
            {
                double total = 0;
                for (int j = 0; j < strengths.Length; j++)
                    total += weights[j] * likelihood[j];
                for (int j = 0; j < strengths.Length; j++)
                    next[j] += weights[j] * likelihood[j] / total / units.Length;
            }
            double change = next.Zip(weights, (a, b) => Math.Abs(a - b)).Max();
            weights = next;
            if (change < Tolerance)
                break;
        }
        return new StrengthMixture(strengths, weights);
    }

    /// <summary>Posterior rate of a unit.</summary>
    public double Posterior(BetaBinomial.Unit unit)
    {
        double[] likelihoods = Likelihoods(unit, _strengths);
        double sum = 0, total = 0;
        for (int j = 0; j < _strengths.Length; j++)
        {
            double weight = _weights[j] * likelihoods[j];
            sum += weight * (unit.Positives + (_strengths[j] * unit.Mean)) / (unit.Trials + _strengths[j]);
            total += weight;
        }
        return Math.Min(1, sum / total);
    }

    // Relative to the best: likelihoods of thousands of trials are too small for a double.
    private static double[] Likelihoods(BetaBinomial.Unit unit, double[] strengths)
    {
        double[] logs = [.. strengths.Select(strength => BetaBinomial.LogLikelihood([unit], strength))];
        double best = logs.Max();
        return [.. logs.Select(log => Math.Exp(log - best))];
    }
}
