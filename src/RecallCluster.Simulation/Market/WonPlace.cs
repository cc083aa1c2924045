using RecallCluster.Bidding.Money;

namespace RecallCluster.Simulation.Market;

/// <summary>A slot that one of our campaigns has won.</summary>
/// <param name="Id">Unique to the win within its campaign.</param>
/// <param name="Slot">Number of the slot, 0 for the best.</param>
/// <param name="Position">Place of the campaign in the user's segment.</param>
/// <param name="Price">What is paid there, for a click or for the impression.</param>
/// <param name="IsPerClick">Whether the price is for a click.</param>
/// <param name="Click">Predicted probability of a click there.</param>
/// <param name="TrueClick">True probability of a click there.</param>
/// <param name="Conversion">Predicted probability of a conversion after a click.</param>
internal readonly record struct WonPlace(
    UInt128 Id, int Slot, int Position, Micros Price, bool IsPerClick, double Click, double TrueClick, double Conversion)
{
    /// <summary>The lease that it is won under, once that has room for it.</summary>
    public long Lease { get; init; }
}
