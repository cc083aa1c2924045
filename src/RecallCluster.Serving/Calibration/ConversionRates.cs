using RecallCluster.Calibration.Counts;

namespace RecallCluster.Serving.Calibration;

/// <summary>Conversion rates of clicks by context; a context without a rate has its parent's. Immutable.</summary>
/// <param name="rates">Rates by context path, such as "advertiser/campaign"; the empty path is everybody.</param>
public sealed class ConversionRates(IReadOnlyDictionary<string, double> rates)
{
    /// <summary>The rates by context path.</summary>
    public IReadOnlyDictionary<string, double> ByContext => rates;

    /// <summary>The rate of a context; 0 where neither it nor what it belongs to has one.</summary>
    public double Of(string context)
    {
        for (string? path = context; path is not null; path = ContextCounts.Parent(path))
        {
            if (rates.TryGetValue(path, out double rate))
                return rate;
        }
        return 0;
    }

    /// <summary>One rate for everybody.</summary>
    public static ConversionRates Everywhere(double rate) => new(new Dictionary<string, double> { [ContextCounts.Root] = rate });
}
