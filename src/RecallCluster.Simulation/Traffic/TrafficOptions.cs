namespace RecallCluster.Simulation.Traffic;

/// <summary>
/// The make of a <see cref="TrafficWorld"/>. Prices are in units of the currency; spreads are standard deviations of logarithms.
/// </summary>
public sealed record TrafficOptions
{
    /// <summary>Everything that is not the world's own is drawn from this seed.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Campaigns, at least 1; every ad belongs to one.</summary>
    public int Campaigns { get; init; } = 64;

    /// <summary>Requests of a day, at least 1.</summary>
    public int RequestsPerDay { get; init; } = 8_000;

    /// <summary>Probability that an ad shown in the first slot is looked at; without a look there is no click.</summary>
    public double Attention { get; init; } = 0.25;

    /// <summary>Attention of each further slot relative to the one before.</summary>
    public double PositionDecay { get; init; } = 0.6;

    /// <summary>Shares of the pages that sell one slot, two slots, and so on; they add up to 1.</summary>
    public IReadOnlyList<double> SlotShares { get; init; } = [0.8, 0.2];

    /// <summary>Spread of the campaigns' own effect on the odds of a click, which no feature of an ad or user tells.</summary>
    public double CampaignClickSpread { get; init; } = 0.5;

    /// <summary>How far the odds of a click swing over the day: amplitude of the logarithm.</summary>
    public double ClickSwing { get; init; } = 0.2;

    /// <summary>Logit of an average click's conversion: -2 is about 12 %.</summary>
    public double ConversionLogit { get; init; } = -2;

    /// <summary>Spread of the odds of conversion between campaigns.</summary>
    public double CampaignConversionSpread { get; init; } = 0.5;

    /// <summary>Spread of the odds of conversion between the ads of a campaign.</summary>
    public double AdConversionSpread { get; init; } = 0.3;

    /// <summary>Mean delay of the quick conversions, hours.</summary>
    public double QuickConversionHours { get; init; } = 0.5;

    /// <summary>Mean delay of the slow conversions, hours.</summary>
    public double SlowConversionHours { get; init; } = 5;

    /// <summary>Share of conversions that are quick.</summary>
    public double QuickConversionShare { get; init; } = 0.4;

    /// <summary>Median of the rivals' highest offer for a thousand impressions.</summary>
    public double RivalEcpm { get; init; } = 12;

    /// <summary>Spread of the rivals' offers between slots of one hour and publisher.</summary>
    public double RivalSpread { get; init; } = 0.7;

    /// <summary>Spread of the rivals' offers between publishers.</summary>
    public double PublisherSpread { get; init; } = 0.3;

    /// <summary>How far the rivals' offers swing over the day: amplitude of the logarithm.</summary>
    public double RivalSwing { get; init; } = 0.3;

    /// <summary>Spread of the day's own level of prices, and of clicks: by how much days differ.</summary>
    public double DayDeviation { get; init; } = 0.08;

    /// <summary>Median of what a click is worth to an advertiser.</summary>
    public double ClickWorth { get; init; } = 1;

    /// <summary>Spread of what a click is worth between campaigns.</summary>
    public double ClickWorthSpread { get; init; } = 0.35;

    /// <summary>Share of delivered ads that are never shown: the page was left too early.</summary>
    public double LossShare { get; init; } = 0.02;

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A value is outside its range; the message names it.</exception>
    public void Validate()
    {
        Require(Campaigns >= 1, nameof(Campaigns), Campaigns, "at least 1");
        Require(RequestsPerDay >= 1, nameof(RequestsPerDay), RequestsPerDay, "at least 1");
        Require(Attention is > 0 and <= 1, nameof(Attention), Attention, "above 0 and up to 1");
        Require(PositionDecay is > 0 and <= 1, nameof(PositionDecay), PositionDecay, "above 0 and up to 1");
        (string Name, double Value)[] shares =
        [
            (nameof(QuickConversionShare), QuickConversionShare), (nameof(LossShare), LossShare),
            .. SlotShares.Select(share => (nameof(SlotShares), share)),
        ];
        Require(Math.Abs(SlotShares.Sum() - 1) < 1e-6, nameof(SlotShares), SlotShares.Sum(), "shares that add up to 1");
        foreach ((string name, double value) in shares)
            Require(value is >= 0 and <= 1, name, value, "0 to 1");
        (string Name, double Value)[] positive =
        [
            (nameof(QuickConversionHours), QuickConversionHours), (nameof(SlowConversionHours), SlowConversionHours),
            (nameof(RivalEcpm), RivalEcpm), (nameof(ClickWorth), ClickWorth),
        ];
        foreach ((string name, double value) in positive)
            Require(value > 0 && double.IsFinite(value), name, value, "positive");
        (string Name, double Value)[] spreads =
        [
            (nameof(CampaignClickSpread), CampaignClickSpread), (nameof(ClickSwing), ClickSwing),
            (nameof(CampaignConversionSpread), CampaignConversionSpread), (nameof(AdConversionSpread), AdConversionSpread),
            (nameof(RivalSpread), RivalSpread), (nameof(PublisherSpread), PublisherSpread), (nameof(RivalSwing), RivalSwing),
            (nameof(DayDeviation), DayDeviation), (nameof(ClickWorthSpread), ClickWorthSpread),
        ];
        foreach ((string name, double value) in spreads)
            Require(value >= 0 && double.IsFinite(value), name, value, "0 or more");
        Require(double.IsFinite(ConversionLogit), nameof(ConversionLogit), ConversionLogit, "finite");
    }

    private static void Require(bool holds, string name, double value, string wanted)
    {
        if (!holds)
            throw new ArgumentException($"{name} is {value}; want {wanted}.", name);
    }
}
