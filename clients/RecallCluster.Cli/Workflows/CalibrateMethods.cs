using RecallCluster.Calibration.Methods;

namespace RecallCluster.Cli.Workflows;

/// <summary>The methods by name, in the order of the tables.</summary>
internal static class CalibrateMethods
{
    /// <summary>Names that <c>calibrate fit</c> takes.</summary>
    public static readonly string[] Names =
        ["bayes-sir", "sir", "sir-per-context", "isotonic", "platt", "temperature", "beta", "binning"];

    public static ICalibrator ByName(string name, int bins) => name switch
    {
        "platt" => new PlattScaling(),
        "temperature" => new TemperatureScaling(),
        "beta" => new BetaCalibration(),
        "binning" => new HistogramBinning(bins),
        "isotonic" => new IsotonicCalibration(),
        "sir" => new SmoothedIsotonicRegression(bins),
        "sir-per-context" => new PerContext(new SmoothedIsotonicRegression(bins, asGiven: true)),
        "bayes-sir" => new BayesianSir(bins),
        _ => throw new ArgumentException($"'{name}' is not a method; there are {string.Join(", ", Names)}.", nameof(name)),
    };

    /// <summary>All methods that need no context, then those that do.</summary>
    public static IEnumerable<ICalibrator> All(int bins, bool withContexts)
    {
        foreach (string name in new[] { "platt", "temperature", "beta", "binning", "isotonic", "sir" })
            yield return ByName(name, bins);
        if (withContexts)
            yield return ByName("sir-per-context", bins);
        yield return ByName("bayes-sir", bins);
    }
}
