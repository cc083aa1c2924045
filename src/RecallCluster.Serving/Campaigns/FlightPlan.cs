using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Campaigns;

/// <summary>What a day may plan to spend where the whole flight has a budget too.</summary>
internal static class FlightPlan
{
    /// <summary>
    /// The least of the day's own budget and of the day's share, by time, in what the flight's budget had left when the day began: what one
    /// day leaves the others get. A flight that is not to be paced, or has no end, may spend all that is left in one day.
    /// </summary>
    /// <param name="ledger">The books, with the terms as they stand.</param>
    /// <param name="budget">The day's own budget.</param>
    /// <param name="spent">What was charged on that day so far.</param>
    /// <param name="start">The first instant of the day that can be spent in.</param>
    /// <param name="end">The first instant after it.</param>
    public static Micros DayBudget(CampaignLedger ledger, Micros budget, Micros spent, DateTimeOffset start, DateTimeOffset end)
    {
        CampaignTerms terms = ledger.Terms;
        if (terms.LifetimeBudget is not { } lifetime)
            return budget;
        Micros left = Micros.Max(Micros.Zero, lifetime - (ledger.TotalSpent - spent));
        bool isSpread = terms.Pacing != PacingMode.AsFastAsPossible && terms.FlightEnd != DateTimeOffset.MaxValue && terms.FlightEnd > end;
        if (isSpread)
            left = Micros.Floor((end - start) / (terms.FlightEnd - start) * left.Value);
        return Micros.Min(budget, left);
    }
}
