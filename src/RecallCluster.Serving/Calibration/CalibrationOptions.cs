namespace RecallCluster.Serving.Calibration;

/// <summary>How live traffic calibrates predictions. All times by the business clock.</summary>
public sealed record CalibrationOptions
{
    /// <summary>Hours of impressions that the click maps are fitted to. Shorter: reacts sooner; longer: surer of itself.</summary>
    public int WindowHours { get; init; } = 24;

    /// <summary>Hours by which that window slides.</summary>
    public int SliceHours { get; init; } = 2;

    /// <summary>How often everything is fitted anew.</summary>
    public TimeSpan RefitInterval { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Fewest new clicks that a new fit is worth.</summary>
    public int FewestNewClicks { get; init; } = 50;

    /// <summary>Most bins of a map.</summary>
    public int Bins { get; init; } = 50;

    /// <summary>Whether the map of campaigns without a map of their own follows the mix of campaigns being shown (RTW-BSIR).</summary>
    public bool WeighsByMix { get; init; } = true;

    /// <summary>Hours of impressions that this mix is counted over.</summary>
    public int MixHours { get; init; } = 2;

    /// <summary>How long after its click a conversion counts.</summary>
    public TimeSpan AttributionWindow { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Age at which a click's signals (engagement events) are complete.</summary>
    public TimeSpan SignalHorizon { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// How long clicks are remembered, for conversion rates and for learning what signals foretell; at least twice the attribution window.
    /// </summary>
    public TimeSpan ClickMemory { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Most clicks remembered, over all campaigns.</summary>
    public int MostClicks { get; init; } = 400_000;

    /// <summary>Signals of an engagement that are used; others are left out, missing ones are 0.</summary>
    public int Signals { get; init; } = 4;

    /// <summary>Conversion rate to begin with.</summary>
    public double ConversionPrior { get; init; } = 0.05;

    /// <summary>Clicks that this first guess is worth.</summary>
    public double PriorStrength { get; init; } = 50;

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(SliceHours, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(WindowHours, SliceHours);
        ArgumentOutOfRangeException.ThrowIfLessThan(Bins, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(MixHours, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MostClicks, CalibrationCountsFamily.Shards);
        ArgumentOutOfRangeException.ThrowIfNegative(Signals);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RefitInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(SignalHorizon, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(SignalHorizon, AttributionWindow);
        ArgumentOutOfRangeException.ThrowIfLessThan(ClickMemory, 2 * AttributionWindow);
        if (!(ConversionPrior is > 0 and < 1) || !(PriorStrength > 0))
            throw new ArgumentOutOfRangeException(nameof(ConversionPrior), ConversionPrior,
                "The prior is between 0 and 1, its strength above 0.");
    }
}
