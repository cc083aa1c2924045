using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Control.Uscb;

/// <summary>Actions as changes of weights: each in [-1, 1], a factor of exp(action times <see cref="Largest"/>), kept away from 0.</summary>
internal sealed class WeightSteps
{
    public const double Largest = 0.5;

    // Far from yesterday's optimum nothing is won, or all, and a learner sees no slope to come back by.
    private const double Farthest = 20;

    private readonly double[] _floors, _ceilings;
    private readonly double _start;

    public WeightSteps(ControllerSetting setting, in BidWeights start)
    {
        _start = start.Value;
        int kpis = setting.Goal.Kpis.Length;
        (_floors, _ceilings) = (new double[kpis], new double[kpis]);
        for (int j = 0; j < kpis; j++)
        {
            _floors[j] = StartWeights.Floor(setting, j, start.Value);
            _ceilings[j] = setting.Goal.Kpis[j].Kind == KpiKind.CostRelated ? 1 : Math.Max(start[j], _floors[j]) * Farthest;
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
        Span<double> kpis = stackalloc double[_floors.Length];
        for (int j = 0; j < kpis.Length; j++)
            kpis[j] = Math.Clamp(weights[j] * Math.Exp(Largest * action[j + 1]), _floors[j], _ceilings[j]);
        return new BidWeights(Math.Clamp(weights.Value * Math.Exp(Largest * action[0]), _start / Farthest, _start * Farthest), kpis);
    }
}
