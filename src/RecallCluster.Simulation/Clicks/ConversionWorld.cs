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
        var log = new ConversionLog(new double[clicks], new double[clicks], new double[clicks], new double[clicks], new double[clicks][]);
        for (int i = 0; i < clicks; i++)
        {
            double hour = fromHour + ((toHour - fromHour) * (i + 0.5) / clicks);
            double modelled = options.BaseLogit + (options.Spread * random.NextGaussian());
            double truth = Sigmoid(modelled + (hour >= options.TruthShiftHour ? Math.Log(options.TruthShift) : 0));
            double bias = Math.Log(hour >= options.ReleaseHour ? options.BiasAfter : options.BiasBefore);
            bool converts = random.NextDouble() < truth;
            log.Predictions[i] = Sigmoid(modelled + bias + (options.Noise * random.NextGaussian()));
            log.Truths[i] = truth;
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

    private double Delay(SeededRandom random)
    {
        double mean = random.NextDouble() < options.QuickShare ? options.QuickHours : options.SlowHours;
        double within = 1 - Math.Exp(-options.WindowHours / mean);
        return -mean * Math.Log(1 - (within * random.NextDouble()));
    }

    private static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));
}
