using System.Numerics;
using System.Numerics.Tensors;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Control.Uscb;

/// <summary>
/// The auctions of the last ticks, thinned, in columns: what they would have brought at any weights is told in microseconds, so that ticks
/// which were bid in with other weights still say how the present ones will do.
/// </summary>
internal sealed class RecentAuctions
{
    /// <summary>Ticks looked back on.</summary>
    public const int Ticks = 12;

    /// <summary>Of those, the last ones that make the short window.</summary>
    public const int ShortTicks = 3;

    // A tick's auctions beyond so many are thinned evenly: more would cost time and tell little.
    private const int PerTick = 256;

    private readonly KpiConstraint[] _kpis;
    private readonly float[] _value = new float[Ticks * PerTick], _cost = new float[Ticks * PerTick];
    private readonly float[][] _p, _q;
    private readonly int[] _counts = new int[Ticks];
    private readonly double[] _multiples = new double[Ticks];
    private readonly float[] _bids = new float[PerTick];
    private int _observed;

    public RecentAuctions(ReadOnlySpan<KpiConstraint> kpis)
    {
        _kpis = kpis.ToArray();
        _p = Array.ConvertAll(_kpis, _ => new float[Ticks * PerTick]);
        _q = Array.ConvertAll(_kpis, kpi => kpi.Kind == KpiKind.Other ? new float[Ticks * PerTick] : []);
    }

    /// <summary>Auctions that the window stands for.</summary>
    public double Count { get; private set; }

    /// <summary>Auctions that it holds: how far its sums can be trusted.</summary>
    public int Held { get; private set; }

    public void Clear()
    {
        (_observed, Count, Held) = (0, 0, 0);
        Array.Clear(_counts);
        Array.Clear(_multiples);
    }

    /// <summary>Takes a tick's auctions, each of which stands for <paramref name="weight"/>.</summary>
    public void Observe(AuctionLog auctions, double weight)
    {
        int slot = _observed++ % Ticks, count = Math.Min(auctions.Count, PerTick);
        Count -= _counts[slot] * _multiples[slot];
        Held += count - _counts[slot];
        _counts[slot] = count;
        _multiples[slot] = count > 0 ? weight * auctions.Count / count : 0;
        Count += _counts[slot] * _multiples[slot];
        Thin(auctions.Value, _value, slot, count);
        Thin(auctions.Cost, _cost, slot, count);
        for (int j = 0; j < _kpis.Length; j++)
        {
            Thin(auctions.P(j), _p[j], slot, count);
            if (_q[j].Length > 0)
                Thin(auctions.Q(j), _q[j], slot, count);
        }
    }

    /// <summary>What the whole window, and its last ticks, would have brought with these weights and no end of money.</summary>
    public void Play(in BidWeights weights, out TickSums all, out TickSums last)
    {
        (all, last) = (default, default);
        for (int slot = 0; slot < Ticks; slot++)
        {
            if (_counts[slot] == 0)
                continue;
            TickSums sums = Play(weights, slot);
            all.Add(sums);
            // The newest is in the slot before the one that comes next.
            if ((_observed - 1 - slot) % Ticks < ShortTicks)
                last.Add(sums);
        }
    }

    private static void Thin(ReadOnlySpan<double> from, float[] to, int slot, int count)
    {
        Span<float> target = to.AsSpan(slot * PerTick, count);
        if (from.Length == count)
            TensorPrimitives.ConvertTruncating(from, target);
        else
            for (int i = 0; i < count; i++)
                target[i] = (float)from[(int)((long)i * from.Length / count)];
    }

    private TickSums Play(in BidWeights weights, int slot)
    {
        int count = _counts[slot], start = slot * PerTick;
        double multiple = _multiples[slot];
        Span<float> won = _bids.AsSpan(0, count);
        ReadOnlySpan<float> value = _value.AsSpan(start, count), cost = _cost.AsSpan(start, count);
        TensorPrimitives.Multiply(value, (float)weights.Value, won);
        for (int j = 0; j < _kpis.Length; j++)
        {
            TensorPrimitives.MultiplyAdd(_p[j].AsSpan(start, count), (float)(weights[j] * _kpis[j].Limit), won, won);
            if (_q[j].Length > 0)
                TensorPrimitives.MultiplyAdd(_q[j].AsSpan(start, count), -(float)weights[j], won, won);
        }
        (float wins, float costs, float values) = Win(cost, value, won);
        double spent = costs * multiple;
        var sums = new TickSums { Wins = (long)Math.Round(wins * multiple), Spent = spent, Value = values * multiple };
        for (int j = 0; j < _kpis.Length; j++)
        {
            double numerator = _q[j].Length > 0 ? TensorPrimitives.Dot(won, _q[j].AsSpan(start, count)) * multiple : spent;
            sums.AddKpi(j, numerator, TensorPrimitives.Dot(won, _p[j].AsSpan(start, count)) * multiple);
        }
        return sums;
    }

    /// <summary>Replaces bids by 1 where they win and 0 where they do not, and sums over those that do.</summary>
    private static (float Wins, float Costs, float Values) Win(ReadOnlySpan<float> cost, ReadOnlySpan<float> value, Span<float> bids)
    {
        Vector<float> wins = default, costs = default, values = default;
        int i = 0;
        for (; i <= bids.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> bid = new(bids[i..]), price = new(cost[i..]);
            Vector<int> wonBy = Vector.GreaterThanOrEqual(bid, price) & Vector.GreaterThan(bid, Vector<float>.Zero);
            var won = Vector.ConditionalSelect(wonBy, Vector<float>.One, Vector<float>.Zero);
            won.CopyTo(bids[i..]);
            wins += won;
            costs += won * price;
            values += won * new Vector<float>(value[i..]);
        }
        (float Wins, float Costs, float Values) sums = (Vector.Sum(wins), Vector.Sum(costs), Vector.Sum(values));
        for (; i < bids.Length; i++)
        {
            bids[i] = bids[i] > 0 && bids[i] >= cost[i] ? 1 : 0;
            sums = (sums.Wins + bids[i], sums.Costs + (bids[i] * cost[i]), sums.Values + (bids[i] * value[i]));
        }
        return sums;
    }
}
