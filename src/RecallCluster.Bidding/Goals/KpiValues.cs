using System.Runtime.CompilerServices;

namespace RecallCluster.Bidding.Goals;

/// <summary>One number for each KPI of a campaign, held in place so that states and weights need no heap.</summary>
[InlineArray(MaxCount)]
public struct KpiValues
{
    /// <summary>The most KPIs that one campaign can have.</summary>
    public const int MaxCount = 8;

    private double _first;

    /// <summary>The values of the first KPIs, the rest zero.</summary>
    /// <exception cref="ArgumentException">There are more than <see cref="MaxCount"/>.</exception>
    public static KpiValues From(ReadOnlySpan<double> values)
    {
        if (values.Length > MaxCount)
            throw new ArgumentException($"A campaign has at most {MaxCount} KPIs; {values.Length} were given.", nameof(values));
        KpiValues result = default;
        values.CopyTo(result);
        return result;
    }
}
