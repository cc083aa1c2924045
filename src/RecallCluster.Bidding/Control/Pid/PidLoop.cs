namespace RecallCluster.Bidding.Control.Pid;

/// <summary>One proportional-integral-derivative loop whose integral stops growing while the output is at its limit.</summary>
internal struct PidLoop(PidOptions options)
{
    private double _integral, _before;
    private bool _started;

    public void Reset() => (_integral, _before, _started) = (0, 0, false);

    public double Next(double error)
    {
        double change = _started ? error - _before : 0;
        double output = Output(error, _integral + error, change);
        if (Math.Abs(output) < options.LargestStep)
            _integral += error;
        _before = error;
        _started = true;
        return Math.Clamp(output, -options.LargestStep, options.LargestStep);
    }

    private readonly double Output(double error, double integral, double change) =>
        (options.Proportional * error) + (options.Integral * integral) + (options.Derivative * change);
}
