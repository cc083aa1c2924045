namespace RecallCluster.Bidding.Goals;

/// <summary>What a campaign wants of a day: the most value for at most <see cref="Budget"/>, with every KPI kept.</summary>
public sealed class CampaignGoal
{
    private readonly KpiConstraint[] _kpis;

    /// <summary>A goal with any mix of KPIs, or none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The budget is negative, infinite or not a number.</exception>
    /// <exception cref="ArgumentException">There are more than <see cref="KpiValues.MaxCount"/> KPIs, or two of one name.</exception>
    public CampaignGoal(double budget, params ReadOnlySpan<KpiConstraint> kpis)
    {
        if (!(budget >= 0) || !double.IsFinite(budget))
            throw new ArgumentOutOfRangeException(nameof(budget), budget, "A budget is a finite number, 0 or more.");
        if (kpis.Length > KpiValues.MaxCount)
            throw new ArgumentException($"A campaign has at most {KpiValues.MaxCount} KPIs; {kpis.Length} were given.", nameof(kpis));
        _kpis = kpis.ToArray();
        if (_kpis.DistinctBy(kpi => kpi.Name).Count() != _kpis.Length)
            throw new ArgumentException("Two KPIs of one campaign have the same name.", nameof(kpis));
        Budget = budget;
    }

    /// <summary>The most that may be spent, in units of cost.</summary>
    public double Budget { get; }

    /// <summary>The KPIs, in the order of weights and columns.</summary>
    public ReadOnlySpan<KpiConstraint> Kpis => _kpis;

    /// <summary>The same KPIs with another budget.</summary>
    public CampaignGoal WithBudget(double budget) => new(budget, _kpis);
}
