using RecallCluster.Bidding.Control.Pid;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Control.Uscb;

/// <summary>
/// A campaign's state as the inputs of a network: pure numbers around 0, whatever the campaign's size and currency. Beside the sums so far
/// there is an outlook: where spend and KPIs would end if the rest of the day were as the last ticks and the present weights were held, and
/// how that answers each weight.
/// </summary>
internal sealed class UscbFeatures
{
    private const int Common = 11, PerWeight = 2, PerKpi = 6;
    private const double Probe = 0.1;

    private readonly ControllerSetting _setting;
    private readonly BidWeights _start;
    private readonly SpendProfile _yesterday;
    private readonly RecentAuctions _recent;
    private double _elapsed;

    public UscbFeatures(ControllerSetting setting, in BidWeights start)
    {
        _setting = setting;
        _start = start;
        _yesterday = SpendProfile.Of(setting, start);
        _recent = new RecentAuctions(setting.Goal.Kpis);
    }

    public static int CountFor(int kpis) => Common + (PerWeight * (1 + kpis)) + (kpis * (PerKpi + 1 + kpis));

    /// <summary>Takes the auctions of a tick; before the next call of <see cref="Fill"/>.</summary>
    public void Observe(AuctionLog auctions, double weight) => _recent.Observe(auctions, weight);

    /// <summary>Fills in the inputs; called once at every tick, in order.</summary>
    public void Fill(in ControlState state, Span<float> x)
    {
        if (state.Tick == 0)
        {
            _elapsed = 0;
            _recent.Clear();
        }
        double left = 1 - state.Elapsed, budgetLeft = state.Budget > 0 ? state.BudgetLeft / state.Budget : 0;
        _recent.Play(state.Weights, out TickSums recent, out TickSums last);
        double rest = state.Elapsed > 0 && _recent.Count > 0 ? state.Total.Auctions * left / state.Elapsed / _recent.Count : 0;
        double lastRest = rest * Math.Max(1, Math.Min(state.Tick, RecentAuctions.Ticks) / (double)RecentAuctions.ShortTicks);
        x[0] = (float)((2 * left) - 1);
        x[1] = (float)((2 * budgetLeft) - 1);
        x[2] = state.Tick == 0 ? 0 : (float)Errors.Pace(state, state.Elapsed - _elapsed);
        x[3] = (float)Ratio(state.BudgetLeft, recent.Spent * rest);
        x[4] = (float)Ratio(state.BudgetLeft, last.Spent * lastRest);
        x[5] = (float)Math.Clamp(3 * (budgetLeft - left), -2, 2);
        x[6] = (float)Math.Clamp(Math.Log(state.Weights.Value / _start.Value), -2, 2);
        double winRate = _recent.Count > 0 ? recent.Wins / _recent.Count : 0;
        x[7] = (float)winRate;
        x[8] = state.Tick == 0 ? 1 : 0;
        x[9] = (float)(Math.Log(1 + (winRate * _recent.Held)) / 5);
        x[10] = state.Tick == 0 ? 0 : (float)_yesterday.Outlook(_elapsed, state.Elapsed);
        _elapsed = state.Elapsed;
        int weights = 1 + _setting.Goal.Kpis.Length;
        FillKpis(state, recent, rest, last, lastRest, x[(Common + (PerWeight * weights))..]);
        for (int i = 0; i < weights; i++)
            FillAnswers(state, i, recent, rest, x);
    }

    private void FillKpis(in ControlState state, in TickSums recent, double rest, in TickSums last, double lastRest, Span<float> x)
    {
        ReadOnlySpan<KpiConstraint> kpis = _setting.Goal.Kpis;
        for (int j = 0; j < kpis.Length; j++)
        {
            Span<float> own = x[(j * (PerKpi + 1 + kpis.Length))..];
            own[0] = (float)(3 * Errors.Kpi(state, kpis[j], j));
            own[1] = (float)(3 * Projected(state, j, recent, rest));
            own[2] = (float)(3 * Projected(state, j, last, lastRest));
            own[3] = (float)Ratio(kpis[j].Limit * state.Last.Denominator(j), state.Last.Numerator(j));
            // Moves as the actions do: a weight that follows w0 is looked at relative to it.
            double moved = state.Weights[j] / _start[j], follows = state.Weights.Value / _start.Value;
            own[4] = (float)Math.Clamp(Math.Log(kpis[j].Kind == KpiKind.Other ? moved / follows : moved), -2, 2);
            own[5] = kpis[j].Kind == KpiKind.CostRelated ? (float)state.Weights[j] : 0;
        }
    }

    /// <summary>How spend, value and every KPI's outcome answer weight <paramref name="weight"/>, as slopes of logarithms.</summary>
    private void FillAnswers(in ControlState state, int weight, in TickSums recent, double rest, Span<float> x)
    {
        _recent.Play(Raised(state.Weights, weight), out TickSums raised, out _);
        x[Common + (PerWeight * weight)] = Slope(Ratio(raised.Spent, recent.Spent));
        x[Common + (PerWeight * weight) + 1] = Slope(Ratio(raised.Value, recent.Value));
        int kpis = _setting.Goal.Kpis.Length;
        Span<float> answers = x[(Common + (PerWeight * (1 + kpis)))..];
        for (int j = 0; j < kpis; j++)
            answers[(j * (PerKpi + 1 + kpis)) + PerKpi + weight] =
                3 * Slope(Projected(state, j, raised, rest) - Projected(state, j, recent, rest));
    }

    /// <summary>
    /// ln of a KPI's limit over where it would end: what has accrued, and a window's sums for as much of the rest as the money lasts.
    /// </summary>
    private double Projected(in ControlState state, int kpi, in TickSums window, double rest)
    {
        double times = window.Spent * rest > state.BudgetLeft ? state.BudgetLeft / window.Spent : rest;
        return Ratio(
            _setting.Goal.Kpis[kpi].Limit * (state.Total.Denominator(kpi) + (window.Denominator(kpi) * times)),
            state.Total.Numerator(kpi) + (window.Numerator(kpi) * times));
    }

    /// <summary>Weights after a small step of one action.</summary>
    private BidWeights Raised(in BidWeights weights, int which)
    {
        Span<double> kpis = stackalloc double[weights.Count];
        for (int j = 0; j < kpis.Length; j++)
            kpis[j] = weights[j] * (which == j + 1 || (which == 0 && _setting.Goal.Kpis[j].Kind == KpiKind.Other) ? 1 + Probe : 1);
        return new BidWeights(weights.Value * (which == 0 ? 1 + Probe : 1), kpis);
    }

    private static float Slope(double change) => (float)Math.Clamp(change / Probe / 3, -1.5, 1.5);

    private static double Ratio(double wanted, double actual) =>
        actual <= 0 || wanted <= 0 ? 0 : Math.Clamp(Math.Log(wanted / actual), -1.5, 1.5);
}
