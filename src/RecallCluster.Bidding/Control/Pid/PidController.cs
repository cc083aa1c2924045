using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Control.Pid;

/// <summary>
/// PID: one loop moves w0 by the budget's pace, one for each KPI moves its weight, each as though the others were not there.
/// </summary>
public sealed class PidController : IBidController
{
    private readonly ControllerSetting _setting;
    private readonly PidLoops _loops;

    /// <summary>A controller of one campaign.</summary>
    public PidController(ControllerSetting setting, PidOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(setting);
        _setting = setting;
        _loops = new PidLoops(setting, options ?? new PidOptions());
    }

    /// <inheritdoc/>
    public BidWeights Decide(in ControlState state)
    {
        if (state.Tick == 0)
            return _loops.Reset();
        double value = state.Weights.Value * Math.Exp(_loops.NextOfBudget(_loops.Pace(state)));
        ReadOnlySpan<KpiConstraint> kpis = _setting.Goal.Kpis;
        Span<double> weights = stackalloc double[kpis.Length];
        for (int j = 0; j < kpis.Length; j++)
        {
            // Of a cost-related KPI's weight more means a higher bid, of another's a stricter choice.
            double direction = kpis[j].Kind == KpiKind.CostRelated ? 1 : -1;
            double output = direction * _loops.NextOfKpi(j, Errors.Kpi(state, kpis[j], j));
            weights[j] = _loops.Bounded(j, state.Weights[j] * Math.Exp(output));
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
