namespace RecallCluster.Serving.Calibration;

/// <summary>How live traffic calibrates predictions. All times by the business clock.</summary>
public sealed record CalibrationOptions
{
    /// <summary>Hours of impressions that the click maps are fitted to. Shorter: reacts sooner; longer: surer of itself.</summary>
    public int WindowHours { get; init; } = 24;

    /// <summary>Hours by which that window slides.</summary>
    public int SliceHours { get; init; } = 2;

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

    /// <summary>How maps and rates are fitted, until another version of this is rolled out.</summary>
    public CalibratorSettings Calibrator { get; init; } = new();

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(SliceHours, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(WindowHours, SliceHours);
        ArgumentOutOfRangeException.ThrowIfLessThan(MostClicks, CalibrationCountsFamily.Shards);
        ArgumentOutOfRangeException.ThrowIfNegative(Signals);
        ArgumentOutOfRangeException.ThrowIfLessThan(SignalHorizon, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(SignalHorizon, AttributionWindow);
        ArgumentOutOfRangeException.ThrowIfLessThan(ClickMemory, 2 * AttributionWindow);
        Calibrator.Check();
    }
}
