using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Control;

/// <summary>
/// Moves a campaign's bid weights through its day. The host calls <see cref="Decide"/> with tick 0 before the first auction and at every
/// tick after it; between two calls every bid is made with the weights that the last one returned. One instance serves one campaign and is
/// not thread-safe; a call with tick 0 begins a new day.
/// <code>
///   auctions ──► TickSums ──► ControlState ──► Decide ──► BidWeights ──► BidFormula ──► bids
/// </code>
/// </summary>
public interface IBidController
{
    /// <summary>The weights to bid with until the next tick.</summary>
    BidWeights Decide(in ControlState state);
}

/// <summary>A controller that also wants to see the auctions themselves, such as one that plans anew from the last hours' log.</summary>
public interface ILogController : IBidController
{
    /// <summary>
    /// Takes the auctions since the last tick, won or not, with what each cost or would have cost. Called before
    /// <see cref="IBidController.Decide"/>; the host may hand in a sample if <paramref name="weight"/> says how many each stands for.
    /// </summary>
    void Observe(AuctionLog auctions, double weight);
}

/// <summary>Makes controllers of one kind.</summary>
public interface IBidControllerFactory
{
    /// <summary>The name in tables and on the command line.</summary>
    string Name { get; }

    /// <summary>A controller for one campaign.</summary>
    /// <exception cref="ArgumentException">This kind cannot serve the campaign; the message says why.</exception>
    IBidController Create(ControllerSetting setting);
}
