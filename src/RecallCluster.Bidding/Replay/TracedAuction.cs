namespace RecallCluster.Bidding.Replay;

/// <summary>A campaign's best offer in a traced auction.</summary>
/// <param name="Campaign">The campaign.</param>
/// <param name="ClickProbability">pCTR of its best ad, as it was bid with.</param>
/// <param name="ConversionProbability">pCVR of a click on it; 0 for none.</param>
/// <param name="Bid">What it bid for one impression, in units of the currency.</param>
public readonly record struct TracedBid(long Campaign, float ClickProbability, float ConversionProbability, float Bid);

/// <summary>
/// One auction with every campaign that could have won it: what an oracle, and the training of controllers, need to know.
/// </summary>
/// <param name="At">When it was held.</param>
/// <param name="Floor">Least price of one impression, in units of the currency.</param>
/// <param name="Positions">How many ads were wanted.</param>
/// <param name="Bids">One offer for each campaign.</param>
public sealed record TracedAuction(DateTimeOffset At, double Floor, int Positions, TracedBid[] Bids)
{
    /// <summary>
    /// What one impression would have cost a campaign with all other bids as they were: the highest bid that leaves no position for it, or
    /// the floor.
    /// </summary>
    /// <param name="bid">The campaign's place in <see cref="Bids"/>.</param>
    /// <returns>The cost, in units of the currency.</returns>
    public double CostToWin(int bid)
    {
        // The positions' highest rivals, best first, kept by insertion: there are few positions.
        Span<float> rivals = Positions <= 16 ? stackalloc float[Positions] : new float[Positions];
        rivals.Clear();
        for (int other = 0; other < Bids.Length; other++)
        {
            float offer = Bids[other].Bid;
            if (other == bid || !(offer > rivals[^1]))
                continue;
            int place = Positions - 1;
            for (; place > 0 && rivals[place - 1] < offer; place--)
                rivals[place] = rivals[place - 1];
            rivals[place] = offer;
        }
        return Math.Max(Floor, rivals[^1]);
    }
}
