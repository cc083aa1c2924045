using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Control;

/// <summary>What happened between two moments of a campaign's day, summed over auctions.</summary>
/// <remarks>
/// Value and denominators are the predictions (pCTR, pCTR pCVR, ...) of the auctions won, not the late and rare events themselves.
/// </remarks>
public struct TickSums
{
    private KpiValues _numerators, _denominators;

    /// <summary>Auctions in which the campaign could have bid.</summary>
    public long Auctions { get; set; }

    /// <summary>Auctions won.</summary>
    public long Wins { get; set; }

    /// <summary>Cost of those won.</summary>
    public double Spent { get; set; }

    /// <summary>Value of those won.</summary>
    public double Value { get; set; }

    /// <summary>Sum of a KPI's numerator over auctions won: cost where it is cost-related, else q.</summary>
    public readonly double Numerator(int kpi) => _numerators[kpi];

    /// <summary>Sum of a KPI's denominator p over auctions won.</summary>
    public readonly double Denominator(int kpi) => _denominators[kpi];

    /// <summary>Adds to the sums of a KPI.</summary>
    public void AddKpi(int kpi, double numerator, double denominator)
    {
        _numerators[kpi] += numerator;
        _denominators[kpi] += denominator;
    }

    /// <summary>Adds what happened later.</summary>
    public void Add(in TickSums other)
    {
        Auctions += other.Auctions;
        Wins += other.Wins;
        Spent += other.Spent;
        Value += other.Value;
        for (int j = 0; j < KpiValues.MaxCount; j++)
        {
            _numerators[j] += other._numerators[j];
            _denominators[j] += other._denominators[j];
        }
    }
}
