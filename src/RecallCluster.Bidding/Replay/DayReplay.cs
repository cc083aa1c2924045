using RecallCluster.Bidding.Control;

namespace RecallCluster.Bidding.Replay;

/// <summary>Lets a controller run a day.</summary>
public static class DayReplay
{
    /// <summary>Plays <paramref name="day"/> with <paramref name="controller"/>, which decides before every tick.</summary>
    public static ReplayOutcome Run(BidDay day, IBidController controller)
    {
        ArgumentNullException.ThrowIfNull(day);
        ArgumentNullException.ThrowIfNull(controller);
        var run = new DayRun(day);
        var trace = new List<TickTrace>(day.Ticks);
        while (!run.IsOver)
        {
            if (controller is ILogController reader && run.Tick > 0)
            {
                int from = day.FirstOf(run.Tick - 1);
                reader.Observe(day.Log.Slice(from, day.FirstOf(run.Tick) - from), 1);
            }
            run.Play(controller.Decide(run.State));
            trace.Add(new TickTrace(day.ElapsedAt(run.Tick), run.Weights, run.Total.Spent, run.Total.Value));
        }
        return ReplayOutcome.Of(day, run.Total, trace);
    }
}
