using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Control.Pid;

/// <summary>
/// What <see cref="PidController"/> and <see cref="MultivariablePidController"/> share: a campaign's loops, where they start, and how far a
/// weight may go.
/// </summary>
internal sealed class PidLoops
{
    private readonly ControllerSetting _setting;
    private readonly PidLoop[] _loops;
    private double _elapsed;

    public PidLoops(ControllerSetting setting, PidOptions options)
    {
        _setting = setting;
        Start = StartWeights.Movable(setting);
        _loops = new PidLoop[1 + setting.Goal.Kpis.Length];
        Array.Fill(_loops, new PidLoop(options with { Integral = options.KpiIntegral }));
        _loops[0] = new PidLoop(options);
    }

    /// <summary>The weights of a day's first tick.</summary>
    public BidWeights Start { get; }

    /// <summary>Begins a day.</summary>
    public BidWeights Reset()
    {
        foreach (ref PidLoop loop in _loops.AsSpan())
            loop.Reset();
        _elapsed = 0;
        return Start;
    }

    /// <summary>How far the budget is off its pace since the last tick; called once at every tick.</summary>
    public double Pace(in ControlState state)
    {
        double error = Errors.Pace(state, state.Elapsed - _elapsed);
        _elapsed = state.Elapsed;
        return error;
    }

    /// <summary>The output of the budget's loop.</summary>
    public double NextOfBudget(double error) => _loops[0].Next(error);

    /// <summary>The output of a KPI's loop.</summary>
    public double NextOfKpi(int kpi, double error) => _loops[1 + kpi].Next(error);

    /// <summary>A KPI's weight, kept above its floor and, where it is cost-related, at 1 at most.</summary>
    public double Bounded(int kpi, double weight)
    {
        bool costs = _setting.Goal.Kpis[kpi].Kind == KpiKind.CostRelated;
        return Math.Max(StartWeights.Floor(_setting, kpi, Start.Value), costs ? Math.Min(1, weight) : weight);
    }
}
