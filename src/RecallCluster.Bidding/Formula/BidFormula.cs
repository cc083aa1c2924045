using System.Numerics.Tensors;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Formula;

/// <summary>
/// The optimal bid with its weights folded in: two multiplications a KPI. Made once for each change of the weights, used for every auction.
/// Optimal under second price; under first price it is the value to shade, and for several slots it is a heuristic.
/// </summary>
public readonly struct BidFormula
{
    private readonly double _value, _cap;
    private readonly KpiValues _p, _q;
    private readonly int _count;
    private readonly bool _unbounded, _hasQ;

    /// <summary>The bid of a campaign with these KPIs.</summary>
    /// <param name="kpis">The campaign's KPIs.</param>
    /// <param name="weights">As many weights as KPIs.</param>
    /// <param name="cap">The highest bid, in cost per impression; infinite for none.</param>
    /// <exception cref="ArgumentException">The weights do not belong to these KPIs.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The cap is negative or not a number.</exception>
    public BidFormula(ReadOnlySpan<KpiConstraint> kpis, in BidWeights weights, double cap = double.PositiveInfinity)
    {
        if (kpis.Length != weights.Count)
            throw new ArgumentException($"{weights.Count} KPI weights do not fit {kpis.Length} KPIs.", nameof(weights));
        if (!(cap >= 0))
            throw new ArgumentOutOfRangeException(nameof(cap), cap, "A bid's cap is 0 or more.");
        _count = kpis.Length;
        _cap = cap;
        _unbounded = weights.IsUnbounded;
        _value = _unbounded ? 1 : weights.Value;
        for (int j = 0; j < kpis.Length; j++)
        {
            _p[j] = weights[j] * kpis[j].Limit;
            if (kpis[j].Kind == KpiKind.Other)
            {
                _q[j] = -weights[j];
                _hasQ = true;
            }
        }
    }

    /// <summary>The bid for one impression, between 0 and the cap; 0 where the inputs make no number.</summary>
    /// <param name="value">What winning is worth.</param>
    /// <param name="p">Denominator of each KPI.</param>
    /// <param name="q">Numerator of each KPI; read for those that are not cost-related, may be empty when there is none.</param>
    /// <exception cref="ArgumentException">A span is shorter than the number of KPIs.</exception>
    public double Bid(double value, ReadOnlySpan<double> p, ReadOnlySpan<double> q)
    {
        if (p.Length < _count || (_hasQ && q.Length < _count))
            throw new ArgumentException($"The campaign has {_count} KPIs; p has {p.Length} values, q {q.Length}.", nameof(p));
        double score = _value * value;
        for (int j = 0; j < _count; j++)
        {
            score += _p[j] * p[j];
            if (_hasQ)
                score += _q[j] * q[j];
        }
        return Clamp(score);
    }

    /// <summary>The bids for a run of a log's auctions, vectorised; the same as one by one.</summary>
    /// <param name="log">Columns of the campaign's KPIs.</param>
    /// <param name="start">First auction.</param>
    /// <param name="bids">Receives a bid for each auction from there on.</param>
    /// <exception cref="ArgumentException">The log has other KPIs, or no q for one that is not cost-related.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The run does not lie inside the log.</exception>
    public void Bid(AuctionLog log, int start, Span<double> bids)
    {
        ArgumentNullException.ThrowIfNull(log);
        if (log.KpiCount != _count)
            throw new ArgumentException($"The log has columns for {log.KpiCount} KPIs, the campaign has {_count}.", nameof(log));
        TensorPrimitives.Multiply(log.Value.Slice(start, bids.Length), _value, bids);
        for (int j = 0; j < _count; j++)
        {
            if (_p[j] != 0)
                TensorPrimitives.MultiplyAdd(log.P(j).Slice(start, bids.Length), _p[j], bids, bids);
            if (_q[j] != 0)
                TensorPrimitives.MultiplyAdd(log.Q(j).Slice(start, bids.Length), _q[j], bids, bids);
        }
        if (_unbounded)
        {
            for (int i = 0; i < bids.Length; i++)
                bids[i] = bids[i] > 0 ? _cap : 0;
            return;
        }
        TensorPrimitives.Max(bids, 0, bids);
        if (_cap < double.PositiveInfinity)
            TensorPrimitives.Min(bids, _cap, bids);
    }

    // A comparison with NaN is false, so that it ends as no bid.
    private double Clamp(double score) => score > 0 ? _unbounded ? _cap : Math.Min(score, _cap) : 0;
}
