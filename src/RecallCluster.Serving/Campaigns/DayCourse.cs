using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Campaigns;

/// <summary>How a day's expected auctions are spread over its ticks.</summary>
internal static class DayCourse
{
    // A little of the even course is mixed in, so that no tick is expected to bring nothing.
    private const double EvenShare = 0.1;

    /// <summary>
    /// The share of expected auctions before each tick, and 1 at the end: by the campaign's traffic curve where it has one, else as
    /// yesterday's auctions
    /// fell where all of yesterday was seen, else by the clock.
    /// </summary>
    public static double[] Of(DateTimeOffset start, DateTimeOffset end, int ticks, CampaignTerms terms, CampaignCalendar calendar,
        PastDay? past)
    {
        var course = new double[ticks + 1];
        TrafficPacing? traffic = terms.TrafficByHour is { } curve ? new TrafficPacing(calendar, curve) : null;
        long[]? yesterday = past?.AuctionsByTick is { } counts && counts.Length == ticks ? counts : null;
        double total = yesterday?.Sum() ?? 0, sum = 0;
        for (int tick = 0; tick <= ticks; tick++)
        {
            double even = (double)tick / ticks;
            double known = traffic?.ShareBy(start, end, start + ((end - start) * even)) ?? (total > 0 ? sum / total : even);
            course[tick] = (EvenShare * even) + ((1 - EvenShare) * known);
            sum += tick < ticks && yesterday is not null ? yesterday[tick] : 0;
        }
        (course[0], course[ticks]) = (0, 1);
        return course;
    }
}
