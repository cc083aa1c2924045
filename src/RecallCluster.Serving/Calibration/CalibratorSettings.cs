using System.Text.Json.Serialization;
using RecallCluster.Calibration.Counts;
using static RecallCluster.Serving.Rollouts.LimitWords;

namespace RecallCluster.Serving.Calibration;

/// <summary>How maps of click probabilities are made.</summary>
public enum CalibratorMethod
{
    /// <summary>Not at all: probabilities stay as the model gives them.</summary>
    [JsonStringEnumMemberName("raw")]
    Raw,

    /// <summary>Bayes-SIR by "advertiser/campaign".</summary>
    [JsonStringEnumMemberName("bsir")]
    Bsir,

    /// <summary>The same; the map of campaigns without a map of their own follows the mix of campaigns being shown (RTW-BSIR).</summary>
    [JsonStringEnumMemberName("rtw-bsir")]
    RtwBsir,
}

/// <summary>
/// What of calibration can be changed while it runs, because it needs no other counts than those that are kept: a version of the
/// calibrator. All times by the business clock.
/// </summary>
public sealed record CalibratorSettings
{
    /// <summary>How maps are made.</summary>
    [JsonRequired]
    public CalibratorMethod Method { get; init; } = CalibratorMethod.RtwBsir;

    /// <summary>Most bins of a map.</summary>
    [JsonRequired]
    public int Bins { get; init; } = 50;

    /// <summary>Hours of impressions that the mix being shown is counted over.</summary>
    [JsonRequired]
    public int MixHours { get; init; } = 2;

    /// <summary>How often everything is fitted anew.</summary>
    [JsonRequired]
    public TimeSpan RefitInterval { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Fewest new clicks that a new fit is worth.</summary>
    [JsonRequired]
    public int FewestNewClicks { get; init; } = 50;

    /// <summary>Conversion rate to begin with.</summary>
    [JsonRequired]
    public double ConversionPrior { get; init; } = 0.05;

    /// <summary>Clicks that this first guess is worth.</summary>
    [JsonRequired]
    public double PriorStrength { get; init; } = 50;

    /// <summary>Refuses values that make no sense.</summary>
    /// <exception cref="InvalidRequestException">A setting is out of range; the message names it.</exception>
    public void Check()
    {
        Require(Enum.IsDefined(Method), "settings.method", "is raw, bsir or rtw-bsir");
        Require(Bins is >= 2 and <= LogitGrid.Cells, "settings.bins", $"is 2 to {LogitGrid.Cells}");
        Require(MixHours is >= 1 and <= 168, "settings.mixHours", "is 1 to 168");
        RequireTime(RefitInterval, "settings.refitMinutes");
        Require(FewestNewClicks >= 0, "settings.fewestNewClicks", "is at least 0");
        Require(ConversionPrior is > 0 and < 1, "settings.conversionPrior", "is above 0, below 1");
        Require(PriorStrength is > 0 and <= 1e9, "settings.priorStrength", "is above 0, at most 1000000000");
    }
}
