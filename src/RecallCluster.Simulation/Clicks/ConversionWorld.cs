using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Clicks;

/// <summary>
/// Clicks whose true conversion probabilities are known, whose conversions come after a delay and whose first minutes hint at them:
/// a click that will convert dwells longer, opens more pages and fills the cart more often, never with certainty.
/// </summary>
public sealed class ConversionWorld(ConversionWorldOptions options)
{
    private const double LogDwell = 3;
    private const double LogDwellGain = 0.7;
    private const double Pages = 2;
    private const double PagesGain = 2;
    private const double CartRate = 0.05;
    private const double CartRateOfConverting = 0.5;

    // Five-point Gauss-Hermite quadrature (Abramowitz & Stegun, table 25.10).
    private static readonly (double Node, double Weight)[] GaussHermite =
    [
        (-2.0201828704560856, 0.01995324205904591), (-0.9585724646138185, 0.39361932315224116), (0, 0.9453087204829419),
        (0.9585724646138185, 0.39361932315224116), (2.0201828704560856, 0.01995324205904591),
    ];

    /// <summary>Clicks at even intervals over a span of time.</summary>
    /// <param name="clicks">How many.</param>
    /// <param name="fromHour">Start, in hours.</param>
    /// <param name="toHour">End, in hours.</param>
    /// <param name="random">Source of chance.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative or the span empty.</exception>
    public ConversionLog Generate(int clicks, double fromHour, double toHour, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNegative(clicks);
        if (!(toHour > fromHour))
            throw new ArgumentOutOfRangeException(nameof(toHour), toHour, "The span of time is empty.");
        var log = new ConversionLog(
            new double[clicks], new double[clicks], new double[clicks], new double[clicks], new double[clicks], new double[clicks][]);
        for (int i = 0; i < clicks; i++)
        {
            double hour = fromHour + ((toHour - fromHour) * (i + 0.5) / clicks);
            double modelled = options.BaseLogit + (options.Spread * random.NextGaussian());
            double shift = hour >= options.TruthShiftHour ? Math.Log(options.TruthShift) : 0;
            double truth = Sigmoid(modelled + shift);
            double bias = Math.Log(hour >= options.ReleaseHour ? options.BiasAfter : options.BiasBefore);
            bool converts = random.NextDouble() < truth;
            double seen = modelled + (options.Noise * random.NextGaussian());
            log.Predictions[i] = Sigmoid(seen + bias);
            log.Truths[i] = truth;
            log.Attainable[i] = MeanTruth(seen, shift);
            log.Hours[i] = hour;
            log.Delays[i] = converts ? Delay(random) : double.PositiveInfinity;
            log.Signals[i] =
            [
                LogDwell + (converts ? LogDwellGain : 0) + random.NextGaussian(),
                Math.Max(0, Math.Round(Pages + (converts ? PagesGain : 0) + (2 * random.NextGaussian()))),
                random.NextDouble() < (converts ? CartRateOfConverting : CartRate) ? 1 : 0,
            ];
        }
        return log;
    }

    /// <summary>The mean of the truth given the noisy logit: the true logit is Gaussian then, and a quadrature averages over it.</summary>
    private double MeanTruth(double seen, double shift)
    {
        double prior = options.Spread * options.Spread, noise = options.Noise * options.Noise;
        double known = prior + noise > 0 ? prior / (prior + noise) : 1;
        double mean = options.BaseLogit + (known * (seen - options.BaseLogit)) + shift;
        double step = Math.Sqrt(2 * known * noise);
        double sum = 0;
        foreach ((double node, double weight) in GaussHermite)
            sum += weight * Sigmoid(mean + (step * node));
        return sum / Math.Sqrt(Math.PI);
    }

    private double Delay(SeededRandom random)
    {
        double mean = random.NextDouble() < options.QuickShare ? options.QuickHours : options.SlowHours;
        double within = 1 - Math.Exp(-options.WindowHours / mean);
        return -mean * Math.Log(1 - (within * random.NextDouble()));
    }

    private static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));
}
