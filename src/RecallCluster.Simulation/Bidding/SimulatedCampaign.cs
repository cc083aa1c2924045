using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Bidding;

/// <summary>A day's auctions and the first auction of each tick (and their number at the end).</summary>
internal sealed record SimulatedDay(AuctionLog Log, int[] Starts);

/// <summary>One campaign: what lasts from day to day, and a generator of its days.</summary>
internal sealed class SimulatedCampaign
{
    private const double QualityDeviation = 0.9, ConversionDeviation = 0.6, PriceFollowsQuality = 0.35, LargestProbability = 0.5;

    private readonly CampaignDaysOptions _options;
    private readonly SeededRandom _random;
    private readonly double _price, _ctr, _cvr;
    private readonly double[] _traffic, _priceRhythm, _clickRhythm;

    public SimulatedCampaign(CampaignDaysOptions options, SeededRandom random)
    {
        (_options, _random) = (options, random);
        _price = 0.05 * Math.Exp(0.5 * random.NextGaussian());
        _ctr = 0.012 * Math.Exp(0.5 * random.NextGaussian());
        _cvr = 0.05 * Math.Exp(0.4 * random.NextGaussian());
        _traffic = Rhythm(0.6, peak: 20 + random.NextGaussian());
        _priceRhythm = Rhythm(0.15, peak: 24 * random.NextDouble());
        _clickRhythm = Rhythm(0.15, peak: 24 * random.NextDouble());
        double total = _traffic.Sum();
        Elapsed = new double[options.Ticks + 1];
        for (int t = 0; t < options.Ticks; t++)
            Elapsed[t + 1] = t == options.Ticks - 1 ? 1 : Elapsed[t] + (_traffic[t] / total);
    }

    /// <summary>Share of the expected auctions before each tick.</summary>
    public double[] Elapsed { get; }

    public SimulatedDay NextDay(double deviation)
    {
        int ticks = _options.Ticks;
        var starts = new int[ticks + 1];
        var volume = new Wander(_random, deviation / 2, ticks);
        for (int t = 0; t < ticks; t++)
        {
            double expected = _options.Auctions * (Elapsed[t + 1] - Elapsed[t]) * volume.At(t);
            starts[t + 1] = starts[t] + Math.Max(1, (int)Math.Round(expected + (Math.Sqrt(expected) * _random.NextGaussian())));
        }
        double[] cost = new double[starts[ticks]], pctr = new double[starts[ticks]], pcvr = new double[starts[ticks]];
        Wander prices = new(_random, deviation, ticks), clicks = new(_random, deviation, ticks);
        for (int t = 0; t < ticks; t++)
        {
            double price = _price * _priceRhythm[t] * prices.At(t), ctr = _ctr * _clickRhythm[t] * clicks.At(t);
            for (int i = starts[t]; i < starts[t + 1]; i++)
            {
                double quality = _random.NextGaussian();
                pctr[i] = Math.Min(LargestProbability, ctr * Math.Exp(QualityDeviation * quality));
                pcvr[i] = Math.Min(LargestProbability, _cvr * Math.Exp(ConversionDeviation * _random.NextGaussian()));
                cost[i] = price * _options.Prices.Draw(_random) * Math.Exp(PriceFollowsQuality * quality);
            }
        }
        return new SimulatedDay(_options.Product.Columns(cost, pctr, pcvr), starts);
    }

    private double[] Rhythm(double swing, double peak)
    {
        var rhythm = new double[_options.Ticks];
        for (int t = 0; t < rhythm.Length; t++)
            rhythm[t] = 1 + (swing * Math.Cos(2 * Math.PI * ((24 * (t + 0.5) / rhythm.Length) - peak) / 24));
        return rhythm;
    }
}
