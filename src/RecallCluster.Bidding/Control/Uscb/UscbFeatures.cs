using RecallCluster.Bidding.Control.Pid;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Control.Uscb;

/// <summary>A campaign's state as the inputs of a network: pure numbers around 0, whatever the campaign's size and currency.</summary>
internal sealed class UscbFeatures
{
    private const int Common = 10, PerKpi = 4;
    private const double SmoothedTicks = 4;

    private readonly ControllerSetting _setting;
    private readonly BidWeights _start;
    private readonly SpendProfile _yesterday;
    private double _elapsed, _rate;

    public UscbFeatures(ControllerSetting setting, in BidWeights start)
    {
        _setting = setting;
        _start = start;
        _yesterday = SpendProfile.Of(setting, start);
    }

    public int Count => CountFor(_setting.Goal.Kpis.Length);

    public static int CountFor(int kpis) => Common + (PerKpi * kpis);

    /// <summary>Fills in the inputs; called once at every tick, in order.</summary>
    public void Fill(in ControlState state, Span<float> x)
    {
        if (state.Tick == 0)
            (_elapsed, _rate) = (0, 0);
        double share = state.Elapsed - _elapsed;
        double pace = state.Tick == 0 ? 0 : Errors.Pace(state, share);
        if (state.Tick > 0)
        {
            double rate = state.Last.Spent / Math.Max(1e-9, share);
            _rate = state.Tick == 1 ? rate : _rate + ((rate - _rate) / SmoothedTicks);
        }
        double left = 1 - state.Elapsed, budgetLeft = state.Budget > 0 ? state.BudgetLeft / state.Budget : 0;
        x[0] = (float)((2 * left) - 1);
        x[1] = (float)((2 * budgetLeft) - 1);
        x[2] = (float)pace;
        x[3] = state.Tick == 0 ? 0 : (float)Ratio(state.BudgetLeft / Math.Max(1e-9, left), _rate);
        x[4] = (float)Math.Clamp(3 * (budgetLeft - left), -2, 2);
        x[5] = (float)Math.Clamp(Math.Log(state.Weights.Value / _start.Value), -2, 2);
        x[6] = state.Last.Auctions > 0 ? (float)state.Last.Wins / state.Last.Auctions : 0;
        x[7] = state.Tick == 0 ? 1 : 0;
        x[8] = (float)(Math.Log(1 + state.Last.Wins) / 5);
        x[9] = state.Tick == 0 ? 0 : (float)_yesterday.Outlook(_elapsed, state.Elapsed);
        _elapsed = state.Elapsed;
        ReadOnlySpan<KpiConstraint> kpis = _setting.Goal.Kpis;
        for (int j = 0; j < kpis.Length; j++)
        {
            Span<float> own = x[(Common + (PerKpi * j))..];
            own[0] = (float)(3 * Errors.Kpi(state, kpis[j], j));
            own[1] = (float)Ratio(kpis[j].Limit * state.Last.Denominator(j), state.Last.Numerator(j));
            own[2] = (float)Math.Clamp(Math.Log(state.Weights[j] / _start[j]), -2, 2);
            own[3] = kpis[j].Kind == KpiKind.CostRelated ? (float)state.Weights[j] : 0;
        }
    }

    private static double Ratio(double wanted, double actual) =>
        actual <= 0 || wanted <= 0 ? 0 : Math.Clamp(Math.Log(wanted / actual), -1.5, 1.5);
}
