using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Control.Uscb;

/// <summary>
/// Actions as changes of weights: each in [-1, 1], a factor of exp(action times <see cref="Largest"/>), kept away from 0. The weight of a
/// KPI that is not cost-related follows w0 and moves by its own action against it: the first action then raises and lowers all bids alike,
/// which is what spends the money, and the others change only what is bid on.
/// </summary>
internal sealed class WeightSteps
{
    public const double Largest = 0.5;

    // Far from yesterday's optimum nothing is won, or all, and a learner sees no slope to come back by.
    private const double Farthest = 20;

    private readonly double[] _floors, _ceilings;
    private readonly bool[] _follows;
    private readonly double _start;

    public WeightSteps(ControllerSetting setting, in BidWeights start)
    {
        _start = start.Value;
        int kpis = setting.Goal.Kpis.Length;
        (_floors, _ceilings, _follows) = (new double[kpis], new double[kpis], new bool[kpis]);
        for (int j = 0; j < kpis; j++)
        {
            double floor = StartWeights.Floor(setting, j, start.Value);
            _follows[j] = setting.Goal.Kpis[j].Kind == KpiKind.Other;
            _floors[j] = _follows[j] ? floor / start.Value : floor;
            // Yesterday the KPI may not have bound at all, so its weight then is no measure.
            _ceilings[j] = _follows[j] ? Farthest * Math.Max(start[j] / start.Value, _floors[j] / StartWeights.SmallestKpiWeight) : 1;
        }
    }

    /// <summary>Weights somewhere around others, for training to begin from.</summary>
    public BidWeights Disturbed(in BidWeights weights, double deviation, SeededRandom random)
    {
        Span<float> action = stackalloc float[1 + _floors.Length];
        foreach (ref float a in action)
            a = (float)(deviation / Largest * random.NextGaussian());
        return Apply(weights, action);
    }

    public BidWeights Apply(in BidWeights weights, ReadOnlySpan<float> action)
    {
        double value = Math.Clamp(weights.Value * Math.Exp(Largest * action[0]), _start / Farthest, _start * Farthest);
        Span<double> kpis = stackalloc double[_floors.Length];
        for (int j = 0; j < kpis.Length; j++)
        {
            double before = _follows[j] ? weights[j] / weights.Value : weights[j];
            double moved = Math.Clamp(before * Math.Exp(Largest * action[j + 1]), _floors[j], _ceilings[j]);
            kpis[j] = _follows[j] ? moved * value : moved;
        }
        return new BidWeights(value, kpis);
    }
}
