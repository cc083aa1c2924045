namespace RecallCluster.Calibration;

/// <summary>
/// Digamma and the logarithm of gamma for positive arguments: recurrence up to 10, then the asymptotic (Stirling) series.
/// </summary>
internal static class SpecialFunctions
{
    private const double SeriesStart = 10;

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
}
