using System.Numerics;
using System.Numerics.Tensors;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Replay;

/// <summary>
/// Bids in logged second-price auctions: a bid above 0 that reaches the logged price wins and pays that price. An auction whose price is
/// more than what is left of the budget is passed over, so the budget is never exceeded.
/// </summary>
public static class TickPlayer
{
    private const int Block = 512;

    /// <summary>
    /// Plays auctions [<paramref name="start"/>, <paramref name="end"/>) with fixed weights and adds what happened to
    /// <paramref name="sums"/>.
    /// </summary>
    /// <param name="log">The auctions.</param>
    /// <param name="goal">The campaign's KPIs.</param>
    /// <param name="start">First auction.</param>
    /// <param name="end">Auction after the last.</param>
    /// <param name="weights">The bid's weights.</param>
    /// <param name="budgetLeft">What may still be spent.</param>
    /// <param name="sums">Is added to.</param>
    public static void Play(
        AuctionLog log, CampaignGoal goal, int start, int end, in BidWeights weights, double budgetLeft, ref TickSums sums)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(goal);
        var formula = new BidFormula(goal.Kpis, weights);
        double limit = sums.Spent + budgetLeft;
        Span<double> bids = stackalloc double[Block], won = stackalloc double[Block];
        for (int at = start; at < end; at += Block)
        {
            int length = Math.Min(Block, end - at);
            formula.Bid(log, at, bids[..length]);
            ReadOnlySpan<double> cost = log.Cost.Slice(at, length);
            double spent = Win(bids[..length], cost, won);
            if (sums.Spent + spent > limit)
                spent = WinAffordable(cost, won, limit - sums.Spent);
            Add(log, goal, at, won[..length], spent, ref sums);
        }
    }

    private static double Win(ReadOnlySpan<double> bids, ReadOnlySpan<double> cost, Span<double> won)
    {
        var spent = Vector<double>.Zero;
        int i = 0;
        for (; i <= bids.Length - Vector<double>.Count; i += Vector<double>.Count)
        {
            var bid = new Vector<double>(bids[i..]);
            var price = new Vector<double>(cost[i..]);
            Vector<long> wins = Vector.GreaterThanOrEqual(bid, price) & Vector.GreaterThan(bid, Vector<double>.Zero);
            Vector.ConditionalSelect(wins, Vector<double>.One, Vector<double>.Zero).CopyTo(won[i..]);
            spent += Vector.ConditionalSelect(wins, price, Vector<double>.Zero);
        }
        double total = Vector.Sum(spent);
        for (; i < bids.Length; i++)
        {
            bool wins = bids[i] > 0 && bids[i] >= cost[i];
            won[i] = wins ? 1 : 0;
            total += wins ? cost[i] : 0;
        }
        return total;
    }

    private static double WinAffordable(ReadOnlySpan<double> cost, Span<double> won, double left)
    {
        double spent = 0;
        for (int i = 0; i < cost.Length; i++)
        {
            if (won[i] == 0)
                continue;
            if (spent + cost[i] <= left)
                spent += cost[i];
            else
                won[i] = 0;
        }
        return spent;
    }

    private static void Add(AuctionLog log, CampaignGoal goal, int start, ReadOnlySpan<double> won, double spent, ref TickSums sums)
    {
        sums.Auctions += won.Length;
        sums.Wins += (long)TensorPrimitives.Sum(won);
        sums.Spent += spent;
        sums.Value += TensorPrimitives.Dot(won, log.Value.Slice(start, won.Length));
        for (int j = 0; j < goal.Kpis.Length; j++)
        {
            double numerator = goal.Kpis[j].Kind == KpiKind.CostRelated
                ? spent
                : TensorPrimitives.Dot(won, log.Q(j).Slice(start, won.Length));
            sums.AddKpi(j, numerator, TensorPrimitives.Dot(won, log.P(j).Slice(start, won.Length)));
        }
    }
}
