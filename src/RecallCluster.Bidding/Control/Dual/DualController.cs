using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Control.Dual;

/// <summary>
/// Online dual mirror descent with the entropy as its mirror (Balseiro &amp; Gur, Management Science 2019; Balseiro, Lu &amp; Mirrokni,
/// 2020): every multiplier of the linear program is multiplied by exp(-rate times what its constraint had left in the last tick, relative
/// to the tick's fair share). It needs neither a model nor yesterday's log beyond a start.
/// </summary>
public sealed class DualController : IBidController
{
    private const double LargestExponent = 3;

    private readonly ControllerSetting _setting;
    private readonly double _rate;
    private readonly double[] _start, _multipliers;
    private double _elapsed;

    /// <summary>A controller of one campaign.</summary>
    /// <param name="setting">The campaign.</param>
    /// <param name="rate">Step size: higher follows a moving market faster and trembles more.</param>
    public DualController(ControllerSetting setting, double rate = 0.15)
    {
        ArgumentNullException.ThrowIfNull(setting);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        _setting = setting;
        _rate = rate;
        BidWeights weights = StartWeights.Movable(setting);
        ReadOnlySpan<KpiConstraint> kpis = setting.Goal.Kpis;
        _start = new double[1 + kpis.Length];
        double costRelated = 0;
        for (int j = 0; j < kpis.Length; j++)
        {
            _start[j + 1] = weights[j] / weights.Value;
            costRelated += kpis[j].Kind == KpiKind.CostRelated ? weights[j] : 0;
        }
        _start[0] = Math.Max(StartWeights.SmallestKpiWeight, 1 - costRelated) / weights.Value;
        _multipliers = [.. _start];
    }

    /// <inheritdoc/>
    public BidWeights Decide(in ControlState state)
    {
        ReadOnlySpan<KpiConstraint> kpis = _setting.Goal.Kpis;
        if (state.Tick == 0)
        {
            _start.CopyTo(_multipliers, 0);
        }
        else
        {
            double fair = state.Budget * (state.Elapsed - _elapsed);
            _multipliers[0] = Moved(_multipliers[0], fair > 0 ? (fair - state.Last.Spent) / fair : 0, _start[0]);
            for (int j = 0; j < kpis.Length; j++)
            {
                double allowed = kpis[j].Limit * state.Last.Denominator(j);
                double left = allowed > 0 ? (allowed - state.Last.Numerator(j)) / allowed : state.Last.Numerator(j) > 0 ? -1 : 0;
                _multipliers[j + 1] = Moved(_multipliers[j + 1], left, _start[j + 1]);
            }
        }
        _elapsed = state.Elapsed;
        return BidSolver.WeightsOf(_multipliers, kpis);
    }

    private double Moved(double multiplier, double left, double start)
    {
        double exponent = Math.Clamp(-_rate * left, -LargestExponent, LargestExponent);
        return Math.Clamp(multiplier * Math.Exp(exponent), start * 1e-2, start * 1e3);
    }
}

/// <summary>Makes <see cref="DualController"/>s.</summary>
public sealed class DualControllerFactory(double rate = 0.15) : IBidControllerFactory
{
    /// <inheritdoc/>
    public string Name => "dual";

    /// <inheritdoc/>
    public IBidController Create(ControllerSetting setting) => new DualController(setting, rate);
}
