namespace RecallCluster.Bidding.Control.Pid;

/// <summary>Gains of the PID loops. Errors are logarithms of wanted over measured, outputs logarithms of factors on weights.</summary>
public sealed record PidOptions
{
    /// <summary>Answer to the error now: higher is faster, and passes on the noise of a tick.</summary>
    public double Proportional { get; init; } = 0.3;

    /// <summary>Answer to the sum of errors: removes what lasts; too much of it oscillates.</summary>
    public double Integral { get; init; } = 0.05;

    /// <summary>Answer to the change of the error: damps.</summary>
    public double Derivative { get; init; } = 0.05;

    /// <summary>The largest change of a weight's logarithm in one tick.</summary>
    public double LargestStep { get; init; } = 0.4;
}
