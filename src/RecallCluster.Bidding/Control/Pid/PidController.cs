using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Control.Pid;

/// <summary>
/// PID: one loop moves w0 by the budget's pace, one for each KPI moves its weight, each as though the others were not there.
/// </summary>
public sealed class PidController : IBidController
{
    private readonly ControllerSetting _setting;
    private readonly BidWeights _start;
    private readonly PidLoop[] _loops;
    private double _elapsed;

    /// <summary>A controller of one campaign.</summary>
    public PidController(ControllerSetting setting, PidOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(setting);
        _setting = setting;
        _start = StartWeights.Movable(setting);
        _loops = PidLoop.For(setting.Goal, options ?? new PidOptions());
    }

    /// <inheritdoc/>
    public BidWeights Decide(in ControlState state)
    {
        if (state.Tick == 0)
        {
            foreach (ref PidLoop loop in _loops.AsSpan())
                loop.Reset();
            _elapsed = 0;
            return _start;
        }
        double value = state.Weights.Value * Math.Exp(_loops[0].Next(Errors.Pace(state, state.Elapsed - _elapsed)));
        _elapsed = state.Elapsed;
        ReadOnlySpan<KpiConstraint> kpis = _setting.Goal.Kpis;
        Span<double> weights = stackalloc double[kpis.Length];
        for (int j = 0; j < kpis.Length; j++)
        {
            // Of a cost-related KPI's weight more means a higher bid, of another's a stricter choice.
            double direction = kpis[j].Kind == KpiKind.CostRelated ? 1 : -1;
            double moved = state.Weights[j] * Math.Exp(direction * _loops[j + 1].Next(Errors.Kpi(state, kpis[j], j)));
            weights[j] = Math.Max(
                StartWeights.Floor(_setting, j, _start.Value), kpis[j].Kind == KpiKind.CostRelated ? Math.Min(1, moved) : moved);
        }
        return new BidWeights(value, weights);
    }
}

/// <summary>Makes <see cref="PidController"/>s.</summary>
public sealed class PidControllerFactory(PidOptions? options = null) : IBidControllerFactory
{
    /// <inheritdoc/>
    public string Name => "pid";

    /// <inheritdoc/>
    public IBidController Create(ControllerSetting setting) => new PidController(setting, options);
}
