using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Control.Uscb;

/// <summary>
/// USCB (He et al., "A Unified Solution to Constrained Bidding in Online Display Advertising", KDD 2021): a trained network moves all
/// weights by factors. Its state holds, beside the sums of the day, how the auctions of the last ticks answer the present weights. A tick
/// costs a few passes over some thousand auctions and one through a small perceptron, and allocates nothing.
/// </summary>
public sealed class UscbController : ILogController
{
    private readonly ActorNetwork _network;
    private readonly BidWeights _start;
    private readonly UscbFeatures _features;
    private readonly WeightSteps _steps;
    private readonly float[] _inputs, _action;

    /// <summary>A controller of one campaign.</summary>
    /// <exception cref="ArgumentException">The network was trained for another number of KPIs.</exception>
    public UscbController(ControllerSetting setting, ActorNetwork network)
    {
        ArgumentNullException.ThrowIfNull(setting);
        ArgumentNullException.ThrowIfNull(network);
        int kpis = setting.Goal.Kpis.Length;
        if (network.Inputs != UscbFeatures.CountFor(kpis) || network.Outputs != 1 + kpis)
            throw new ArgumentException(
                $"A network of {network.Inputs} inputs and {network.Outputs} outputs was not trained for {kpis} KPIs: "
                    + $"{UscbFeatures.CountFor(kpis)} and {1 + kpis} are wanted.", nameof(network));
        _network = network;
        _start = StartWeights.Movable(setting);
        _features = new UscbFeatures(setting, _start);
        _steps = new WeightSteps(setting, _start);
        _inputs = new float[network.Inputs];
        _action = new float[network.Outputs];
    }

    /// <inheritdoc/>
    public void Observe(AuctionLog auctions, double weight)
    {
        ArgumentNullException.ThrowIfNull(auctions);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(weight);
        _features.Observe(auctions, weight);
    }

    /// <inheritdoc/>
    public BidWeights Decide(in ControlState state)
    {
        ControlState at = state.Tick == 0 ? state with { Weights = _start } : state;
        _features.Fill(at, _inputs);
        _network.Forward(_inputs, _action);
        foreach (ref float action in _action.AsSpan())
            action = MathF.Tanh(action);
        return _steps.Apply(at.Weights, _action);
    }
}

/// <summary>Makes <see cref="UscbController"/>s of one trained network.</summary>
public sealed class UscbControllerFactory(ActorNetwork network, string name = "uscb") : IBidControllerFactory
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public IBidController Create(ControllerSetting setting) => new UscbController(setting, network);
}
