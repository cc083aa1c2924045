namespace RecallCluster.Numerics;

/// <summary>
/// Functions of statistics for positive arguments. Digamma and the logarithm of gamma: recurrence up to 10, then the asymptotic (Stirling)
/// series. The incomplete gamma function: its power series (DLMF 8.7.1) left of a + 1, its continued fraction (DLMF 8.9.2, evaluated by the
/// modified method of Lentz) right of it.
/// </summary>
public static class SpecialFunctions
{
    private const double SeriesStart = 10;
    private const double Precision = 1e-16;

    // Both expansions need some times the square root of the parameter; this is beyond a parameter of a billion.
    private const int MostTerms = 1_000_000;

    /// <summary>The derivative of the logarithm of gamma.</summary>
    /// <param name="x">Positive.</param>
    public static double Digamma(double x)
    {
        double shift = 0;
        for (; x < SeriesStart; x++)
            shift -= 1 / x;
        double f = 1 / (x * x);
        double series =
            f * ((1.0 / 12) - (f * ((1.0 / 120) - (f * ((1.0 / 252) - (f * ((1.0 / 240) - (f * ((1.0 / 132) - (f * 691 / 32760))))))))));
        return shift + Math.Log(x) - (0.5 / x) - series;
    }

    /// <summary>The natural logarithm of gamma.</summary>
    /// <param name="x">Positive.</param>
    public static double LogGamma(double x)
    {
        double product = 1;
        for (; x < SeriesStart; x++)
            product *= x;
        double f = 1 / (x * x);
        double series =
            ((1.0 / 12)
            - (f * ((1.0 / 360) - (f * ((1.0 / 1260) - (f * ((1.0 / 1680) - (f * ((1.0 / 1188) - (f * 691 / 360360)))))))))) / x;
        return ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI)) + series - Math.Log(product);
    }

    /// <summary>The upper incomplete gamma function over gamma, Q(a, x): 1 at x = 0, falling to 0.</summary>
    /// <param name="a">Positive.</param>
    /// <param name="x">Not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range, or not a number.</exception>
    public static double UpperGamma(double a, double x)
    {
        if (!(a > 0 && double.IsFinite(a)))
            throw new ArgumentOutOfRangeException(nameof(a), a, "Want a positive number.");
        if (!(x >= 0))
            throw new ArgumentOutOfRangeException(nameof(x), x, "Want a number that is not negative.");
        if (x == 0)
            return 1;
        if (double.IsPositiveInfinity(x))
            return 0;
        double scale = Math.Exp((a * Math.Log(x)) - x - LogGamma(a));
        return x < a + 1 ? 1 - (scale * LowerSeries(a, x)) : scale * UpperFraction(a, x);
    }

    /// <summary>The probability that a chi-square variable is at least <paramref name="x"/>.</summary>
    /// <param name="x">Not negative.</param>
    /// <param name="degrees">Degrees of freedom, positive.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range, or not a number.</exception>
    public static double ChiSquareTail(double x, int degrees) => UpperGamma(degrees / 2.0, x / 2);

    private static double LowerSeries(double a, double x)
    {
        double term = 1 / a, sum = term;
        for (int n = 1; n < MostTerms && term > sum * Precision; n++)
        {
            term *= x / (a + n);
            sum += term;
        }
        return sum;
    }

    private static double UpperFraction(double a, double x)
    {
        const double Tiny = 1e-300;
        double b = x + 1 - a, c = 1 / Tiny, d = 1 / b, fraction = d, change = 0;
        for (int n = 1; n < MostTerms && Math.Abs(change - 1) > Precision; n++)
        {
            double numerator = -n * (n - a);
            b += 2;
            d = NotZero((numerator * d) + b);
            c = NotZero(b + (numerator / c));
            d = 1 / d;
            change = c * d;
            fraction *= change;
        }
        return fraction;

        static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;
    }
}
