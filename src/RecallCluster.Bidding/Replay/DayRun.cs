using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;

namespace RecallCluster.Bidding.Replay;

/// <summary>A day that is under way: plays tick after tick with the weights it is given and keeps the sums.</summary>
public struct DayRun
{
    private readonly BidDay _day;
    private TickSums _total, _last;

    /// <summary>A run at the beginning of <paramref name="day"/>.</summary>
    public DayRun(BidDay day)
    {
        ArgumentNullException.ThrowIfNull(day);
        _day = day;
        Weights = day.Start;
    }

    /// <summary>The tick that comes next.</summary>
    public int Tick { get; private set; }

    /// <summary>Whether the day is over.</summary>
    public readonly bool IsOver => Tick == _day.Ticks;

    /// <summary>The weights last played with.</summary>
    public BidWeights Weights { get; private set; }

    /// <summary>Sums so far.</summary>
    public readonly TickSums Total => _total;

    /// <summary>What a controller is told now.</summary>
    public readonly ControlState State => new()
    {
        Tick = Tick,
        Ticks = _day.Ticks,
        Elapsed = _day.ElapsedAt(Tick),
        TickShare = _day.ElapsedAt(Math.Min(Tick + 1, _day.Ticks)) - _day.ElapsedAt(Tick),
        Budget = _day.Goal.Budget,
        Total = _total,
        Last = _last,
        Weights = Weights,
    };

    /// <summary>Plays one tick.</summary>
    public void Play(in BidWeights weights)
    {
        _last = default;
        Weights = weights;
        TickPlayer.Play(
            _day.Log, _day.Goal, _day.FirstOf(Tick), _day.FirstOf(Tick + 1), weights, _day.Goal.Budget - _total.Spent, ref _last);
        _total.Add(_last);
        Tick++;
    }

    /// <summary>Sums of the whole day if these weights were held to its end; the run itself stays where it is.</summary>
    public readonly TickSums Hold(in BidWeights weights)
    {
        TickSums sums = _total;
        TickPlayer.Play(_day.Log, _day.Goal, _day.FirstOf(Tick), _day.Log.Count, weights, _day.Goal.Budget - sums.Spent, ref sums);
        return sums;
    }
}
