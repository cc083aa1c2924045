using System.Numerics.Tensors;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Formula;

namespace RecallCluster.Bidding.Control.Drlb;

/// <summary>
/// DRLB (Wu et al., "Budget Constrained Bidding by Model-free Reinforcement Learning", CIKM 2018): the bid is value / lambda, and a Q
/// network picks one of seven factors on lambda at every tick. KPI weights stay at yesterday's optimum: the source knows the budget only.
/// </summary>
public sealed class DrlbController : IBidController
{
    private static readonly double[] Changes = [-0.08, -0.03, -0.01, 0, 0.01, 0.03, 0.08];

    private readonly ActorNetwork _network;
    private readonly BidWeights _start;
    private readonly DrlbFeatures _features;
    private readonly float[] _inputs = new float[DrlbFeatures.Count], _values = new float[Actions];

    /// <summary>A controller of one campaign.</summary>
    /// <exception cref="ArgumentException">The network is none of this kind.</exception>
    public DrlbController(ControllerSetting setting, ActorNetwork network)
    {
        ArgumentNullException.ThrowIfNull(setting);
        ArgumentNullException.ThrowIfNull(network);
        if (network.Inputs != DrlbFeatures.Count || network.Outputs != Actions)
            throw new ArgumentException(
                $"A network of {network.Inputs} inputs and {network.Outputs} outputs is no Q network of {DrlbFeatures.Count} and "
                    + $"{Actions}.",
                nameof(network));
        _network = network;
        _start = StartWeights.Movable(setting);
        _features = new DrlbFeatures(_start);
    }

    /// <summary>Number of factors to choose from.</summary>
    internal static int Actions => Changes.Length;

    /// <inheritdoc/>
    public BidWeights Decide(in ControlState state)
    {
        ControlState at = state.Tick == 0 ? state with { Weights = _start } : state;
        _features.Fill(at, _inputs);
        _network.Forward(_inputs, _values);
        return Apply(at.Weights, TensorPrimitives.IndexOfMax(_values));
    }

    /// <summary>The weights after an action: w0 is 1 / lambda.</summary>
    internal static BidWeights Apply(in BidWeights weights, int action)
    {
        Span<double> kpis = stackalloc double[weights.Count];
        for (int j = 0; j < kpis.Length; j++)
            kpis[j] = weights[j];
        return new BidWeights(weights.Value / (1 + Changes[action]), kpis);
    }
}

/// <summary>Makes <see cref="DrlbController"/>s of one trained network.</summary>
public sealed class DrlbControllerFactory(ActorNetwork network) : IBidControllerFactory
{
    /// <inheritdoc/>
    public string Name => "drlb";

    /// <inheritdoc/>
    public IBidController Create(ControllerSetting setting) => new DrlbController(setting, network);
}
