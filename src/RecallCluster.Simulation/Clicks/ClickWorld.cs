using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Clicks;

/// <summary>
/// A world whose true click probabilities are known: campaigns of advertisers, contexts whose mix may swing with the hour, and a model
/// whose predictions are bent and biased as the options say. Equal options and seed give an equal world and equal logs.
/// </summary>
/// <remarks>
/// <code>
///  true logit = base + campaign + context + impression
///  prediction's logit = bend(true logit) + log bias (overall, campaign, context, hour) + noise
/// </code>
/// </remarks>
public sealed class ClickWorld
{
    private const double HoursPerDay = 24;
    private const double StraightSlope = 1.2;
    private const double WaveAmplitude = 0.3;
    private const double WaveNumber = 2;

    private readonly ClickWorldOptions _options;
    private readonly double[] _campaignLogit;
    private readonly double[] _campaignLogBias;
    private readonly double[] _campaignShares;
    private readonly double[] _contextLogit;
    private readonly double[] _contextLogBias;
    private readonly double[] _contextLogShare;
    private readonly double[] _contextPhase;

    /// <summary>Draws a world.</summary>
    /// <exception cref="ArgumentException">There is no advertiser, campaign or context, or a bias factor is not positive.</exception>
    public ClickWorld(ClickWorldOptions options, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        if (options.Advertisers < 1 || options.Campaigns < 1 || options.Contexts < 1)
            throw new ArgumentException("A click world needs at least one advertiser, campaign and context.", nameof(options));
        if (!(options.OverallBias > 0) || options.BiasOfCampaign.Values.Any(bias => !(bias > 0)))
            throw new ArgumentException("A bias factor must be above 0.", nameof(options));
        _options = options;
        double[] advertiserLogBias = Gaussians(options.Advertisers, options.AdvertiserBias, random);
        _campaignLogit = Gaussians(options.Campaigns, options.CampaignSpread, random);
        _campaignLogBias = Gaussians(options.Campaigns, options.CampaignBias, random);
        double[] traffic = Gaussians(options.Campaigns, options.TrafficSpread, random);
        for (int campaign = 0; campaign < options.Campaigns; campaign++)
        {
            _campaignLogBias[campaign] += advertiserLogBias[AdvertiserOf(campaign)];
            if (options.BiasOfCampaign.TryGetValue(campaign, out double bias))
                _campaignLogBias[campaign] = Math.Log(bias);
        }
        _campaignShares = Cumulative(traffic);
        _contextLogit = Gaussians(options.Contexts, options.ContextSpread, random);
        _contextLogBias = Gaussians(options.Contexts, options.ContextBias, random);
        _contextLogShare = Gaussians(options.Contexts, 0.3, random);
        _contextPhase = [.. Enumerable.Range(0, options.Contexts).Select(context => (double)context / options.Contexts)];
    }

    /// <summary>The advertiser of a campaign.</summary>
    public int AdvertiserOf(int campaign) => campaign % _options.Advertisers;

    /// <summary>The context path of a campaign: "adv3/camp11".</summary>
    public string CampaignPath(int campaign) => $"adv{AdvertiserOf(campaign)}/camp{campaign}";

    /// <summary>Impressions at even intervals over a span of time.</summary>
    /// <param name="impressions">How many.</param>
    /// <param name="fromHour">Start, in hours; hour 0 is midnight.</param>
    /// <param name="toHour">End, in hours.</param>
    /// <param name="random">Source of chance.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative or the span empty.</exception>
    public ClickLog Generate(int impressions, double fromHour, double toHour, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNegative(impressions);
        if (!(toHour > fromHour))
            throw new ArgumentOutOfRangeException(nameof(toHour), toHour, "The span of time is empty.");
        var log = new ClickLog(
            new double[impressions], new double[impressions], new byte[impressions], new double[impressions], new int[impressions],
            new int[impressions]);
        double[] mix = [];
        double mixHour = double.NaN;
        for (int i = 0; i < impressions; i++)
        {
            double hour = fromHour + ((toHour - fromHour) * (i + 0.5) / impressions);
            if (Math.Floor(hour) != mixHour)
            {
                mixHour = Math.Floor(hour);
                mix = MixAt(mixHour);
            }
            int campaign = Draw(_campaignShares, random), context = Draw(mix, random);
            double logit = _options.BaseLogit + _campaignLogit[campaign] + _contextLogit[context]
                + (_options.ImpressionSpread * random.NextGaussian());
            double truth = Sigmoid(logit);
            double bias = Math.Log(_options.OverallBias) + _campaignLogBias[campaign] + _contextLogBias[context] + BiasAt(hour);
            log.Predictions[i] = Sigmoid(Bend(logit) + bias + (_options.Noise * random.NextGaussian()));
            log.Truths[i] = truth;
            log.Clicks[i] = (byte)(random.NextDouble() < truth ? 1 : 0);
            log.Hours[i] = hour;
            log.Campaigns[i] = campaign;
            log.Contexts[i] = context;
        }
        return log;
    }

    private double Bend(double logit)
    {
        double offset = logit - _options.BaseLogit;
        return _options.Distortion switch
        {
            Distortion.Straight => _options.BaseLogit + (StraightSlope * offset),
            Distortion.Wavy => logit + (WaveAmplitude * Math.Sin(WaveNumber * offset)),
            _ => logit,
        };
    }

    private double BiasAt(double hour) => _options.BiasSwing * Math.Sin(2 * Math.PI * Math.Floor(hour) / HoursPerDay);

    private double[] MixAt(double hour)
    {
        var logShares = new double[_contextLogShare.Length];
        for (int context = 0; context < logShares.Length; context++)
        {
            double phase = 2 * Math.PI * ((hour / HoursPerDay) + _contextPhase[context]);
            logShares[context] = _contextLogShare[context] + (_options.MixSwing * Math.Sin(phase));
        }
        return Cumulative(logShares);
    }

    private static double[] Gaussians(int count, double deviation, SeededRandom random)
    {
        var values = new double[count];
        for (int i = 0; i < count; i++)
            values[i] = deviation * random.NextGaussian();
        return values;
    }

    private static double[] Cumulative(double[] logShares)
    {
        var sums = new double[logShares.Length];
        double sum = 0;
        for (int i = 0; i < logShares.Length; i++)
            sums[i] = sum += Math.Exp(logShares[i]);
        return sums;
    }

    private static int Draw(double[] cumulative, SeededRandom random)
    {
        int place = Array.BinarySearch(cumulative, random.NextDouble() * cumulative[^1]);
        return Math.Min(place < 0 ? ~place : place, cumulative.Length - 1);
    }

    private static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));
}
