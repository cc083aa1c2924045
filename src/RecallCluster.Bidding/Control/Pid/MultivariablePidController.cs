using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Control.Pid;

/// <summary>
/// M-PID (Yang et al., KDD 2019): the loops say how spend and KPIs are to change, a linear model of the campaign's response turns that into
/// changes of all weights together.
/// </summary>
public sealed class MultivariablePidController : IBidController
{
    /// <summary>A violated KPI outweighs a budget that is behind its plan.</summary>
    private const double KpiImportance = 4;

    /// <summary>A KPI this far below its limit (relative) leaves the budget's loop all its strength.</summary>
    private const double FullRoom = 0.05;

    private readonly ControllerSetting _setting;
    private readonly PidOptions _options;
    private readonly BidWeights _start;
    private readonly ResponseModel _response;
    private readonly PidLoop[] _loops;
    private double _elapsed;

    /// <summary>A controller of one campaign.</summary>
    public MultivariablePidController(ControllerSetting setting, PidOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(setting);
        _setting = setting;
        _options = options ?? new PidOptions();
        _start = StartWeights.Movable(setting);
        _response = ResponseModel.Of(setting, _start);
        _loops = PidLoop.For(setting.Goal, _options);
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
        ReadOnlySpan<KpiConstraint> kpis = _setting.Goal.Kpis;
        int size = 1 + kpis.Length;
        Span<double> wanted = stackalloc double[size], importance = stackalloc double[size], change = stackalloc double[size];
        double pace = Errors.Pace(state, state.Elapsed - _elapsed), room = 1;
        importance[0] = 1;
        _elapsed = state.Elapsed;
        for (int j = 0; j < kpis.Length; j++)
        {
            // A KPI that is kept has no wish of its own; one that is violated has to fall.
            wanted[j + 1] = _loops[j + 1].Next(Math.Min(0, Errors.Kpi(state, kpis[j], j)));
            importance[j + 1] = wanted[j + 1] < 0 ? KpiImportance : 0;
            room = Math.Min(room, Math.Clamp(Errors.Kpi(state, kpis[j], j) / FullRoom, 0, 1));
        }
        // Money that a KPI forbids to spend is not behind its plan.
        wanted[0] = _loops[0].Next(pace > 0 && state.Total.Wins > 0 ? pace * room : pace);
        _response.Solve(wanted, importance, change);
        Span<double> weights = stackalloc double[kpis.Length];
        for (int j = 0; j < kpis.Length; j++)
        {
            double moved = state.Weights[j] * Factor(change[j + 1]);
            weights[j] = Math.Max(
                StartWeights.Floor(_setting, j, _start.Value), kpis[j].Kind == KpiKind.CostRelated ? Math.Min(1, moved) : moved);
        }
        return new BidWeights(state.Weights.Value * Factor(change[0]), weights);
    }

    private double Factor(double change) => Math.Exp(Math.Clamp(change, -_options.LargestStep, _options.LargestStep));
}

/// <summary>Makes <see cref="MultivariablePidController"/>s.</summary>
public sealed class MultivariablePidControllerFactory(PidOptions? options = null) : IBidControllerFactory
{
    /// <inheritdoc/>
    public string Name => "m-pid";

    /// <inheritdoc/>
    public IBidController Create(ControllerSetting setting) => new MultivariablePidController(setting, options);
}
