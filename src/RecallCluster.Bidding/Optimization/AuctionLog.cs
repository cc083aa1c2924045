using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Optimization;

/// <summary>
/// Auctions that a campaign could have won, in order, as columns of equal length: value, cost (what winning costs; second price) and for
/// each KPI p and, where it is not cost-related, q. Columns may share memory (in a click campaign value and p are the same).
/// </summary>
public sealed class AuctionLog
{
    private readonly ReadOnlyMemory<double> _value, _cost;
    private readonly ReadOnlyMemory<double>[] _p, _q;

    /// <summary>A log over columns that the caller no longer changes.</summary>
    /// <param name="value">What winning each auction is worth, 0 or more.</param>
    /// <param name="cost">What winning each costs, 0 or more.</param>
    /// <param name="p">For each KPI its denominator by auction, 0 or more.</param>
    /// <param name="q">For each KPI its numerator by auction, 0 or more; empty for a cost-related one.</param>
    /// <exception cref="ArgumentException">
    /// Columns differ in length, hold a number that is negative, infinite or not a number, or add up to more than a number can hold.
    /// </exception>
    public AuctionLog(
        ReadOnlyMemory<double> value, ReadOnlyMemory<double> cost, ReadOnlyMemory<double>[] p, ReadOnlyMemory<double>[] q)
        : this(value, cost, p, q, isChecked: false)
    {
    }

    private AuctionLog(
        ReadOnlyMemory<double> value, ReadOnlyMemory<double> cost, ReadOnlyMemory<double>[] p, ReadOnlyMemory<double>[] q, bool isChecked)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(q);
        (_value, _cost, _p, _q) = (value, cost, p, q);
        if (isChecked)
            return;
        if (p.Length != q.Length || p.Length > KpiValues.MaxCount)
            throw new ArgumentException(
                $"{p.Length} columns p and {q.Length} columns q are no log of up to {KpiValues.MaxCount} KPIs.", nameof(p));
        Check(value.Span, "value");
        Check(cost.Span, "cost");
        for (int j = 0; j < p.Length; j++)
        {
            Check(p[j].Span, $"p of KPI {j}");
            if (!q[j].IsEmpty)
                Check(q[j].Span, $"q of KPI {j}");
        }
    }

    /// <summary>Number of auctions.</summary>
    public int Count => _value.Length;

    /// <summary>Number of KPIs.</summary>
    public int KpiCount => _p.Length;

    /// <summary>What winning each auction is worth.</summary>
    public ReadOnlySpan<double> Value => _value.Span;

    /// <summary>What winning each auction costs.</summary>
    public ReadOnlySpan<double> Cost => _cost.Span;

    /// <summary>Denominator of a KPI by auction.</summary>
    public ReadOnlySpan<double> P(int kpi) => _p[kpi].Span;

    /// <summary>Numerator of a KPI by auction; empty for a cost-related one, whose numerator is the cost.</summary>
    public ReadOnlySpan<double> Q(int kpi) => _q[kpi].Span;

    /// <summary>A run of auctions, without a copy.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It does not lie inside the log.</exception>
    public AuctionLog Slice(int start, int count) => new(
        _value.Slice(start, count),
        _cost.Slice(start, count),
        Array.ConvertAll(_p, column => column.Slice(start, count)),
        Array.ConvertAll(_q, column => column.IsEmpty ? column : column.Slice(start, count)),
        isChecked: true);

    /// <summary>Refuses KPIs that the columns were not made for.</summary>
    /// <exception cref="ArgumentException">Another number of KPIs, or one that is not cost-related has no column q.</exception>
    public void RequireColumnsFor(ReadOnlySpan<KpiConstraint> kpis)
    {
        if (kpis.Length != KpiCount)
            throw new ArgumentException($"The log has columns for {KpiCount} KPIs, the campaign has {kpis.Length}.", nameof(kpis));
        for (int j = 0; j < kpis.Length; j++)
            if (kpis[j].Kind == KpiKind.Other && _q[j].IsEmpty && Count > 0)
                throw new ArgumentException($"KPI '{kpis[j].Name}' is not cost-related and needs a column q.", nameof(kpis));
    }

    private void Check(ReadOnlySpan<double> column, string name)
    {
        if (column.Length != Count)
            throw new ArgumentException($"Column {name} has {column.Length} rows, value has {Count}.");
        double sum = 0;
        for (int i = 0; i < column.Length; i++)
        {
            if (!(column[i] >= 0) || double.IsInfinity(column[i]))
                throw new ArgumentException($"Column {name}, auction {i}: {column[i]} is not a finite number of 0 or more.");
            sum += column[i];
        }
        if (double.IsInfinity(sum))
            throw new ArgumentException(
                $"Column {name}: {column.Length} auctions add up to more than a number of double precision can hold.");
    }
}
