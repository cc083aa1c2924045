namespace RecallCluster.Simulation.Clicks;

/// <summary>The make of a world of clicks whose conversions come late.</summary>
public sealed record ConversionWorldOptions
{
    /// <summary>True logit of an average click's conversion: -2.5 is about 8 %.</summary>
    public double BaseLogit { get; init; } = -2.5;

    /// <summary>Standard deviation of the true logit between clicks.</summary>
    public double Spread { get; init; } = 0.7;

    /// <summary>Standard deviation of what the model does not know, on the logit.</summary>
    public double Noise { get; init; } = 0.1;

    /// <summary>Bias factor on the odds of predictions before the release.</summary>
    public double BiasBefore { get; init; } = 1.4;

    /// <summary>Bias factor on the odds of predictions from the release on.</summary>
    public double BiasAfter { get; init; } = 0.8;

    /// <summary>Hour at which a new model takes over the predictions.</summary>
    public double ReleaseHour { get; init; } = double.PositiveInfinity;

    /// <summary>Hour from which on customers convert more or less readily.</summary>
    public double TruthShiftHour { get; init; } = double.PositiveInfinity;

    /// <summary>Factor on the true odds from that hour on.</summary>
    public double TruthShift { get; init; } = 1;

    /// <summary>Share of conversions that come quickly.</summary>
    public double QuickShare { get; init; } = 0.35;

    /// <summary>Mean delay of quick conversions, hours.</summary>
    public double QuickHours { get; init; } = 0.5;

    /// <summary>Mean delay of the others before the window cuts them, hours.</summary>
    public double SlowHours { get; init; } = 36;

    /// <summary>Attribution window, hours: later conversions do not happen here.</summary>
    public double WindowHours { get; init; } = 168;
}
