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
    private readonly ResponseModel _response;
    private readonly PidLoops _loops;

    /// <summary>A controller of one campaign.</summary>
    public MultivariablePidController(ControllerSetting setting, PidOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(setting);
        _setting = setting;
        _options = options ?? new PidOptions();
        _loops = new PidLoops(setting, _options);
        _response = ResponseModel.Of(setting, _loops.Start);
    }

    /// <inheritdoc/>
    public BidWeights Decide(in ControlState state)
    {
        if (state.Tick == 0)
            return _loops.Reset();
        ReadOnlySpan<KpiConstraint> kpis = _setting.Goal.Kpis;
        int size = 1 + kpis.Length;
        Span<double> wanted = stackalloc double[size], importance = stackalloc double[size], change = stackalloc double[size];
        double pace = _loops.Pace(state), room = 1;
        importance[0] = 1;
        for (int j = 0; j < kpis.Length; j++)
        {
            // A KPI that is kept has no wish of its own; one that is violated has to fall.
            wanted[j + 1] = _loops.NextOfKpi(j, Math.Min(0, Errors.Kpi(state, kpis[j], j)));
            importance[j + 1] = wanted[j + 1] < 0 ? KpiImportance : 0;
            room = Math.Min(room, Errors.Room(state, kpis[j], j, FullRoom));
        }
        // Money that a KPI forbids to spend is not behind its plan.
        wanted[0] = _loops.NextOfBudget(pace > 0 && state.Total.Wins > 0 ? pace * room : pace);
        _response.Solve(wanted, importance, change);
        Span<double> weights = stackalloc double[kpis.Length];
        for (int j = 0; j < kpis.Length; j++)
            weights[j] = _loops.Bounded(j, state.Weights[j] * Factor(change[j + 1]));
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
