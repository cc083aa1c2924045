namespace RecallCluster.Bidding.Control.Pid;

/// <summary>Gains of the PID loops. Errors are logarithms of wanted over measured, outputs logarithms of factors on weights.</summary>
public sealed record PidOptions
{
    /// <summary>Answer to the error now: higher is faster, and passes on the noise of a tick.</summary>
    public double Proportional { get; init; } = 0.6;

    /// <summary>Answer to the sum of the budget's errors: removes what lasts; too much of it oscillates.</summary>
    public double Integral { get; init; } = 0.05;

    /// <summary>
    /// The same of a KPI's loop. A KPI so far is a sum already, and where only violations count as errors their sum never falls again:
    /// above 0 a campaign that once broke its KPI stays cut down for the rest of the day.
    /// </summary>
    public double KpiIntegral { get; init; }

    /// <summary>Answer to the change of the error: damps.</summary>
    public double Derivative { get; init; } = 0.05;

    /// <summary>The largest change of a weight's logarithm in one tick.</summary>
    public double LargestStep { get; init; } = 0.4;
}
