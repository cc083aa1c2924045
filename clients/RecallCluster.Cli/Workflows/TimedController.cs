using System.Diagnostics;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Cli.Workflows;

/// <summary>A controller with a stopwatch around its decisions.</summary>
internal class TimedController : IBidController
{
    private readonly IBidController _inner;
    private long _elapsed;
    private int _ticks;

    private TimedController(IBidController inner) => _inner = inner;

    /// <summary>Mean time of a decision after the day's first.</summary>
    public double MeanMicroseconds => _ticks == 0 ? 0 : Stopwatch.GetElapsedTime(0, _elapsed).TotalMicroseconds / _ticks;

    public static TimedController Of(IBidController inner) =>
        inner is ILogController reader ? new OfLog(reader) : new TimedController(inner);

    public BidWeights Decide(in ControlState state)
    {
        long started = Stopwatch.GetTimestamp();
        BidWeights weights = _inner.Decide(state);
        if (state.Tick > 0)
        {
            _elapsed += Stopwatch.GetTimestamp() - started;
            _ticks++;
        }
        return weights;
    }

    private sealed class OfLog(ILogController inner) : TimedController(inner), ILogController
    {
        public void Observe(AuctionLog auctions, double weight) => inner.Observe(auctions, weight);
    }
}
