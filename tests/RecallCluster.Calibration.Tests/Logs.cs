using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Methods;
using RecallCluster.Numerics;

namespace RecallCluster.Calibration.Tests;

/// <summary>A random log, sometimes of an awkward shape.</summary>
internal sealed record Log(double[] P, double[] Y, double[] W, string[] Context)
{
    public static ICalibrator[] AllMethods =>
    [
        new PlattScaling(), new TemperatureScaling(), new BetaCalibration(), new HistogramBinning(20), new IsotonicCalibration(),
        new SmoothedIsotonicRegression(20), new SmoothedIsotonicRegression(1), new SmoothedIsotonicRegression(20, asGiven: true),
        new BayesianSir(20), new PerContext(new SmoothedIsotonicRegression(5)),
    ];

    public const int Shapes = 9;

    /// <summary>
    /// An ordinary log has shape 8; 0 is tiny, 1 constant, 2 has exact zeros and ones, 3 is ranked backwards, 4 and 5 have one label, 6
    /// soft ones, 7 weights.
    /// </summary>
    public static Log Random(ulong seed, int? shape = null)
    {
        var random = new SeededRandom(seed);
        int drawn = random.NextInt(Shapes);
        shape ??= drawn;
        int count = shape == 0 ? 1 + random.NextInt(3) : 50 + random.NextInt(3000);
        double centre = -1 - (6 * random.NextDouble()), spread = shape == 1 ? 0 : 3 * random.NextDouble(), bias = random.NextGaussian();
        double[] p = new double[count], y = new double[count], w = new double[count];
        var context = new string[count];
        for (int i = 0; i < count; i++)
        {
            double logit = centre + (spread * random.NextGaussian());
            p[i] = shape == 2 && random.NextInt(4) == 0 ? random.NextInt(2) : 1 / (1 + Math.Exp(-logit));
            double truth = 1 / (1 + Math.Exp(-((shape == 3 ? -1 : 0.7) * logit) - bias));
            y[i] = shape switch { 4 => 0, 5 => 1, 6 => truth, _ => random.NextDouble() < truth ? 1 : 0 };
            w[i] = shape == 7 ? 3 * random.NextDouble() : 1;
            context[i] = $"adv{random.NextInt(3)}/camp{random.NextInt(6)}";
        }
        return new Log(p, y, w, context);
    }

    public ContextCounts Count()
    {
        var counts = new ContextCounts();
        for (int i = 0; i < P.Length; i++)
            counts.Add(Context[i], P[i], Y[i], W[i]);
        return counts;
    }
}
