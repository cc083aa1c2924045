using RecallCluster.Bidding.Formula;

namespace RecallCluster.Bidding.Control.Drlb;

/// <summary>The seven numbers of the source's state, made independent of a campaign's size and currency.</summary>
internal sealed class DrlbFeatures(BidWeights start)
{
    public const int Count = 7;

    private double _elapsed, _firstCost;

    public void Fill(in ControlState state, Span<float> x)
    {
        if (state.Tick == 0)
            (_elapsed, _firstCost) = (0, 0);
        double share = state.Elapsed - _elapsed;
        _elapsed = state.Elapsed;
        double budgetLeft = state.Budget > 0 ? state.BudgetLeft / state.Budget : 0;
        double costPerWin = state.Last.Wins > 0 ? state.Last.Spent / state.Last.Wins : 0;
        if (_firstCost == 0)
            _firstCost = costPerWin;
        double fairSpend = state.Budget * share, meanValue = state.Elapsed > 0 ? state.Total.Value * share / state.Elapsed : 0;
        x[0] = (float)(1 - (2 * state.Elapsed));
        x[1] = (float)((2 * budgetLeft) - 1);
        x[2] = (float)Math.Clamp(fairSpend > 0 ? state.Last.Spent / fairSpend : 0, 0, 4);
        x[3] = (float)Math.Clamp(_firstCost > 0 ? costPerWin / _firstCost : 0, 0, 4);
        x[4] = state.Last.Auctions > 0 ? (float)state.Last.Wins / state.Last.Auctions : 0;
        x[5] = (float)Math.Clamp(meanValue > 0 ? state.Last.Value / meanValue : 0, 0, 4);
        x[6] = (float)Math.Clamp(Math.Log(state.Weights.Value / start.Value), -3, 3);
    }
}
