using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Layers;

/// <summary>A fully connected layer: x W^T + b.</summary>
public sealed class Linear : IModule
{
    /// <summary>A layer with random weights and zero bias.</summary>
    /// <param name="name">Prefix of the parameters: <c>name.weight</c>, <c>name.bias</c>.</param>
    /// <param name="inputs">Width of a row of input.</param>
    /// <param name="outputs">Width of a row of output.</param>
    /// <param name="random">Source of the initial values.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="forRelu">He initialisation, for a layer that a ReLU follows; else Xavier.</param>
    public Linear(string name, int inputs, int outputs, SeededRandom random, bool bias = true, bool forRelu = false)
    {
        Tensor weight = forRelu ? Initialization.He(outputs, inputs, random) : Initialization.Xavier(outputs, inputs, random);
        Weight = new Parameter($"{name}.weight", weight);
        Bias = bias ? new Parameter($"{name}.bias", Tensor.Zeros(new Shape(outputs))) : null;
    }

    /// <summary>[outputs, inputs].</summary>
    public Parameter Weight { get; }

    /// <summary>[outputs], or null.</summary>
    public Parameter? Bias { get; }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters => Bias == null ? [Weight] : [Weight, Bias];

    /// <summary>[..., inputs] to [..., outputs].</summary>
    /// <exception cref="ArgumentException">The input's last axis is not of the layer's width.</exception>
    public Tensor Forward(Tape tape, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(tape);
        return tape.Linear(x, tape.Use(Weight), Bias == null ? null : tape.Use(Bias));
    }
}
