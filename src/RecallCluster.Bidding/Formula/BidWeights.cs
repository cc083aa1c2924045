using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Formula;

/// <summary>
/// The parameters of the optimal bid (He et al., KDD 2021): w0 on the value and one w for each KPI,
/// b = w0 v - sum of w_j (q_j [KPI j is not cost-related] - k_j p_j). From the dual l of the linear program, with L the sum of the budget's
/// and the cost-related KPIs' multipliers: w0 = 1 / L and w_j = l_j / L.
/// </summary>
/// <remarks>
/// Where L is 0 nothing that costs is scarce and w0 is infinite: the weights are then the multipliers themselves, and the bid is the cap
/// where v - sum of l_j (q_j - k_j p_j) is positive, else 0.
/// </remarks>
public readonly struct BidWeights
{
    private readonly KpiValues _kpis;

    /// <summary>Weights for a campaign with as many KPIs as <paramref name="kpis"/> has values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A weight is negative or not a number, or a KPI's is infinite.</exception>
    /// <exception cref="ArgumentException">There are more KPIs than a campaign can have.</exception>
    public BidWeights(double value, params ReadOnlySpan<double> kpis)
    {
        if (!(value >= 0))
            throw new ArgumentOutOfRangeException(nameof(value), value, "The weight w0 is 0 or more, or infinite.");
        for (int j = 0; j < kpis.Length; j++)
            if (!(kpis[j] >= 0) || !double.IsFinite(kpis[j]))
                throw new ArgumentOutOfRangeException(nameof(kpis), kpis[j], $"The weight of KPI {j} is a finite number, 0 or more.");
        Value = value;
        Count = kpis.Length;
        _kpis = KpiValues.From(kpis);
    }

    /// <summary>The weight w0 on the value, in cost per unit of value; infinite when nothing that costs is scarce.</summary>
    public double Value { get; }

    /// <summary>Number of KPIs.</summary>
    public int Count { get; }

    /// <summary>Whether w0 is infinite: the KPIs' weights are then multipliers of the linear program.</summary>
    public bool IsUnbounded => double.IsPositiveInfinity(Value);

    /// <summary>The weight of a KPI.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such KPI.</exception>
    public double this[int kpi] =>
        (uint)kpi < (uint)Count ? _kpis[kpi] : throw new ArgumentOutOfRangeException(nameof(kpi), kpi, $"There are {Count} KPIs.");

    /// <summary>The weights as text, for a debugger.</summary>
    public override string ToString() => $"w0 {Value:G6}{string.Concat(Enumerable.Range(0, Count).Select(Term))}";

    private string Term(int kpi) => $", w{kpi + 1} {_kpis[kpi]:G6}";
}
