using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Replay;

/// <summary>
/// One campaign's day as it is replayed: the auctions, where its ticks begin, the goal, and what was known the evening before.
/// </summary>
public sealed class BidDay
{
    private readonly Lazy<BidSolution> _optimum;
    private readonly int[] _starts;
    private readonly double[] _elapsed;

    /// <summary>A day with ticks at given places.</summary>
    /// <param name="log">The day's auctions in order.</param>
    /// <param name="starts">First auction of each tick, and at the end the number of auctions; ascending from 0.</param>
    /// <param name="elapsed">Share of the expected auctions before each tick, and 1 at the end.</param>
    /// <param name="goal">Budget and KPIs.</param>
    /// <param name="start">Weights to begin with: yesterday's optimum.</param>
    /// <param name="history">Yesterday's auctions, if there are any.</param>
    /// <exception cref="ArgumentException">The ticks do not divide the log.</exception>
    public BidDay(AuctionLog log, int[] starts, double[] elapsed, CampaignGoal goal, BidWeights start, AuctionLog? history)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(starts);
        ArgumentNullException.ThrowIfNull(elapsed);
        ArgumentNullException.ThrowIfNull(goal);
        if (starts.Length < 2 || starts.Length != elapsed.Length || starts[0] != 0 || starts[^1] != log.Count)
            throw new ArgumentException($"{starts.Length} tick borders do not divide a log of {log.Count} auctions.", nameof(starts));
        for (int t = 1; t < starts.Length; t++)
            if (starts[t] < starts[t - 1] || !(elapsed[t] > elapsed[t - 1]))
                throw new ArgumentException($"Tick {t} does not begin after the one before it.", nameof(starts));
        log.RequireColumnsFor(goal.Kpis);
        (Log, Goal, Start, History) = (log, goal, start, history);
        (_starts, _elapsed) = (starts, elapsed);
        _optimum = new Lazy<BidSolution>(() => BidSolver.Solve(new BidProblem(Log, Goal)));
    }

    /// <summary>The day's auctions in order.</summary>
    public AuctionLog Log { get; }

    /// <summary>Budget and KPIs.</summary>
    public CampaignGoal Goal { get; }

    /// <summary>Weights to begin with.</summary>
    public BidWeights Start { get; }

    /// <summary>Yesterday's auctions, or null.</summary>
    public AuctionLog? History { get; }

    /// <summary>Number of ticks.</summary>
    public int Ticks => _starts.Length - 1;

    /// <summary>R*: the optimum had one known the day; solved when first asked for.</summary>
    public BidSolution Optimum => _optimum.Value;

    /// <summary>What a controller for this day is made for.</summary>
    public ControllerSetting Setting => new(Goal, Start, History);

    /// <summary>First auction of a tick; the number of auctions for the tick after the last.</summary>
    public int FirstOf(int tick) => _starts[tick];

    /// <summary>Share of the expected auctions before a tick.</summary>
    public double ElapsedAt(int tick) => _elapsed[tick];

    /// <summary>A day of ticks of equally many auctions.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no tick.</exception>
    public static BidDay ByShare(AuctionLog log, int ticks, CampaignGoal goal, in BidWeights start, AuctionLog? history)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ticks);
        var starts = new int[ticks + 1];
        var elapsed = new double[ticks + 1];
        for (int t = 0; t <= ticks; t++)
            (starts[t], elapsed[t]) = ((int)((long)log.Count * t / ticks), (double)t / ticks);
        return new BidDay(log, starts, elapsed, goal, start, history);
    }

    /// <summary>A day with a tick for every hour of an ordered log; hours count alike, as traffic is not known in advance.</summary>
    /// <exception cref="ArgumentException">Hours are not in order, or not one for each auction.</exception>
    public static BidDay ByHour(AuctionLog log, ReadOnlySpan<double> hours, CampaignGoal goal, in BidWeights start, AuctionLog? history)
    {
        ArgumentNullException.ThrowIfNull(log);
        if (hours.Length != log.Count || hours.IsEmpty)
            throw new ArgumentException($"{hours.Length} hours do not belong to {log.Count} auctions.", nameof(hours));
        var starts = new List<int> { 0 };
        for (int i = 1; i < hours.Length; i++)
        {
            if (hours[i] < hours[i - 1])
                throw new ArgumentException(
                    $"Auction {i} is of hour {hours[i]}, after hour {hours[i - 1]}: ticks by hour need a log in order.", nameof(hours));
            if (Math.Floor(hours[i]) > Math.Floor(hours[i - 1]))
                starts.Add(i);
        }
        starts.Add(log.Count);
        double[] elapsed = [.. Enumerable.Range(0, starts.Count).Select(t => (double)t / (starts.Count - 1))];
        return new BidDay(log, [.. starts], elapsed, goal, start, history);
    }
}
