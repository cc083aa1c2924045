namespace RecallCluster.Simulation.Clicks;

/// <summary>
/// The make of a click world. Biases are factors on the odds of the prediction: 1.3 over-estimates by about 30 % where p is small.
/// </summary>
public sealed record ClickWorldOptions
{
    /// <summary>Advertisers.</summary>
    public int Advertisers { get; init; } = 8;

    /// <summary>Campaigns, dealt evenly to the advertisers.</summary>
    public int Campaigns { get; init; } = 40;

    /// <summary>Contexts (placements, say).</summary>
    public int Contexts { get; init; } = 6;

    /// <summary>True logit of an average impression: -3.5 is a click rate of about 3 %.</summary>
    public double BaseLogit { get; init; } = -3.5;

    /// <summary>Standard deviation of the true logit between campaigns.</summary>
    public double CampaignSpread { get; init; } = 0.4;

    /// <summary>Standard deviation of the true logit between contexts.</summary>
    public double ContextSpread { get; init; } = 0.3;

    /// <summary>Standard deviation of the true logit between impressions of one campaign and context.</summary>
    public double ImpressionSpread { get; init; } = 0.7;

    /// <summary>Standard deviation of what the model does not know, on the logit; it cannot be calibrated away.</summary>
    public double Noise { get; init; } = 0.1;

    /// <summary>Shape of the model's error.</summary>
    public Distortion Distortion { get; init; } = Distortion.Wavy;

    /// <summary>Bias factor of everything.</summary>
    public double OverallBias { get; init; } = 1;

    /// <summary>Standard deviation of the logarithm of the bias between advertisers.</summary>
    public double AdvertiserBias { get; init; }

    /// <summary>Standard deviation of the logarithm of the bias between campaigns of an advertiser.</summary>
    public double CampaignBias { get; init; }

    /// <summary>Standard deviation of the logarithm of the bias between contexts.</summary>
    public double ContextBias { get; init; }

    /// <summary>Bias factors of single campaigns, in place of what chance gives them.</summary>
    public IReadOnlyDictionary<int, double> BiasOfCampaign { get; init; } = new Dictionary<int, double>();

    /// <summary>
    /// Standard deviation of the logarithm of traffic between campaigns: 0 is even, 2 leaves many campaigns with next to nothing.
    /// </summary>
    public double TrafficSpread { get; init; } = 0.5;

    /// <summary>
    /// How far the mix of contexts swings during the day (amplitude on the logarithm of a context's share); the biases stay put.
    /// </summary>
    public double MixSwing { get; init; }

    /// <summary>How far the bias itself swings during the day, in every context alike (amplitude on the logarithm of the factor).</summary>
    public double BiasSwing { get; init; }
}
