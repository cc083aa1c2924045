using RecallCluster.Bidding.Formula;

namespace RecallCluster.Bidding.Control.Fixed;

/// <summary>FB: yesterday's optimal weights, held all day. Where days do not differ nothing can beat it.</summary>
public sealed class FixedController(BidWeights weights) : IBidController
{
    /// <inheritdoc/>
    public BidWeights Decide(in ControlState state) => weights;
}

/// <summary>Makes <see cref="FixedController"/>s.</summary>
public sealed class FixedControllerFactory : IBidControllerFactory
{
    /// <inheritdoc/>
    public string Name => "fb";

    /// <inheritdoc/>
    public IBidController Create(ControllerSetting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return new FixedController(setting.Start);
    }
}
