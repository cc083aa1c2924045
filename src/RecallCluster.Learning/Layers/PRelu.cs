using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Layers;

/// <summary>Parametric ReLU with a slope for each channel (He et al., 2015, arXiv 1502.01852).</summary>
public sealed class PRelu : IModule
{
    /// <summary>An activation over <paramref name="width"/> channels.</summary>
    /// <param name="name">Prefix of the parameter: <c>name.slope</c>.</param>
    /// <param name="width">Number of channels.</param>
    /// <param name="slope">Initial slope below zero.</param>
    public PRelu(string name, int width, float slope = 0.25f) =>
        Slope = new Parameter($"{name}.slope", Initialization.Constant(new Shape(width), slope));

    /// <summary>[channels].</summary>
    public Parameter Slope { get; }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters => [Slope];

    /// <summary>[..., channels] to the same shape.</summary>
    public Tensor Forward(Tape tape, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(tape);
        return tape.PRelu(x, tape.Use(Slope));
    }
}
