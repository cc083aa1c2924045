using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Http.Live;

/// <summary>What campaigns had spent together at one moment of their day, beside what was planned; shares of their budgets.</summary>
internal sealed record SpendPoint(DateTimeOffset At, double Spent, double Planned);

/// <summary>The day so far of several campaigns as one line, so that who begins to watch sees it without the history of each.</summary>
internal static class SpendCourse
{
    private const int Points = 96;

    /// <summary>The line; empty where no campaign has a history yet.</summary>
    /// <param name="campaigns">The campaigns with their ticks.</param>
    /// <param name="now">The business clock.</param>
    public static SpendPoint[] Of(IReadOnlyList<CampaignView> campaigns, DateTimeOffset now)
    {
        CampaignView[] known = [.. campaigns.Where(c => c.Ticks.Count > 0)];
        double budget = known.Sum(c => c.Today.Budget.ToUnits());
        if (budget <= 0)
            return [];
        DateTimeOffset start = known.Min(c => c.Today.Day.Start);
        var points = new List<SpendPoint>(Points);
        var next = new int[known.Length];
        for (int i = 0; i < Points && now > start; i++)
        {
            DateTimeOffset at = start + ((now - start) * i / Points);
            double spent = 0, planned = 0;
            for (int c = 0; c < known.Length; c++)
            {
                IReadOnlyList<CampaignTick> ticks = known[c].Ticks;
                while (next[c] < ticks.Count && ticks[next[c]].At <= at)
                    next[c]++;
                if (next[c] == 0)
                    continue;
                CampaignTick tick = ticks[next[c] - 1];
                spent += tick.Spent.ToUnits();
                planned += tick.PlannedShare * known[c].Today.Budget.ToUnits();
            }
            points.Add(new SpendPoint(at, spent / budget, planned / budget));
        }
        return [.. points];
    }
}
