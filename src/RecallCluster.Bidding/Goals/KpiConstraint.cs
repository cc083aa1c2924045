namespace RecallCluster.Bidding.Goals;

/// <summary>
/// One KPI of a campaign: over the auctions won, (sum of cost, or of q) / (sum of p) is to stay at or below <see cref="Limit"/>. An upper
/// bound on cost per click has p = pCTR; a lower bound on CTR is <see cref="KpiKind.Other"/> with q = 1, p = pCTR, limit 1 / CTRmin.
/// </summary>
public sealed record KpiConstraint
{
    /// <summary>A KPI called <paramref name="name"/>.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The limit is not a positive finite number.</exception>
    public KpiConstraint(string name, KpiKind kind, double limit)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (!(limit > 0) || !double.IsFinite(limit))
            throw new ArgumentOutOfRangeException(nameof(limit), limit, $"KPI '{name}': a limit is a positive finite number.");
        Name = name;
        Kind = kind;
        Limit = limit;
    }

    /// <summary>What people call it: <c>cpc</c>, <c>ctr</c>.</summary>
    public string Name { get; }

    /// <summary>What its numerator counts.</summary>
    public KpiKind Kind { get; }

    /// <summary>The upper bound k, in units of the numerator per unit of p.</summary>
    public double Limit { get; }

    /// <summary>
    /// By how much a day went over the limit, relative to it: 0 when it was kept. A numerator without any denominator is an infinite
    /// violation, nothing at all is none.
    /// </summary>
    public double Violation(double numerator, double denominator) =>
        numerator <= Limit * denominator ? 0 : denominator > 0 ? (numerator / denominator / Limit) - 1 : double.PositiveInfinity;
}
