using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Traffic;

/// <summary>What becomes of an ad that was delivered. Times count from the request, in business time.</summary>
/// <param name="ShownAfter">When it was shown; null when the page was left before.</param>
/// <param name="ClickedAfter">When it was clicked; null when it was not.</param>
/// <param name="EngagedAfter">When the signals of the click are known; null without a click.</param>
/// <param name="Signals">What the first minutes after the click show: log dwell time, pages, cart adds; empty without a click.</param>
/// <param name="ConvertedAfter">When the click led to a conversion; null when it did not.</param>
public sealed record AdOutcome(
    TimeSpan? ShownAfter, TimeSpan? ClickedAfter, TimeSpan? EngagedAfter, double[] Signals, TimeSpan? ConvertedAfter)
{
    private const double LogDwell = 3, LogDwellGain = 0.8, Pages = 2, PagesGain = 2, CartRate = 0.05, CartRateOfConverting = 0.5;
    private const double WindowHours = 72;

    private static readonly AdOutcome NeverShown = new(null, null, null, [], null);

    /// <summary>Draws the outcome. Every use draws as much, so that equal streams give equal outcomes at equal probabilities.</summary>
    internal static AdOutcome Draw(double click, double conversion, TrafficOptions options, SeededRandom random)
    {
        TimeSpan shown = TimeSpan.FromSeconds(0.5 + Exponential(1, random));
        bool isLost = random.NextDouble() < options.LossShare;
        bool clicks = random.NextDouble() < click;
        TimeSpan clicked = shown + TimeSpan.FromSeconds(1 + Exponential(15, random));
        bool converts = random.NextDouble() < conversion;
        if (isLost)
            return NeverShown;
        if (!clicks)
            return new AdOutcome(shown, null, null, [], null);
        double[] signals =
        [
            LogDwell + (converts ? LogDwellGain : 0) + random.NextGaussian(),
            Math.Max(0, Math.Round(Pages + (converts ? PagesGain : 0) + (2 * random.NextGaussian()))),
            random.NextDouble() < (converts ? CartRateOfConverting : CartRate) ? 1 : 0,
        ];
        double hours = random.NextDouble() < options.QuickConversionShare ? options.QuickConversionHours : options.SlowConversionHours;
        TimeSpan converted = clicked + TimeSpan.FromHours(Math.Min(WindowHours, Exponential(hours, random)));
        return new AdOutcome(shown, clicked, clicked + TimeSpan.FromMinutes(5), signals, converts ? converted : null);
    }

    private static double Exponential(double mean, SeededRandom random) => -mean * Math.Log(1 - random.NextDouble());
}
