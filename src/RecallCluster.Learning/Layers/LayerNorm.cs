using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Layers;

/// <summary>Layer normalisation over the last axis (Ba et al., 2016, arXiv 1607.06450).</summary>
public sealed class LayerNorm : IModule
{
    /// <summary>A normalisation of rows of <paramref name="width"/> values; gain 1 and bias 0 at first.</summary>
    /// <param name="name">Prefix of the parameters: <c>name.weight</c> (the gain), <c>name.bias</c>.</param>
    /// <param name="width">Values in a row.</param>
    public LayerNorm(string name, int width)
    {
        Gain = new Parameter($"{name}.weight", Initialization.Constant(new Shape(width), 1));
        Bias = new Parameter($"{name}.bias", Tensor.Zeros(new Shape(width)));
    }

    /// <summary>[width].</summary>
    public Parameter Gain { get; }

    /// <summary>[width].</summary>
    public Parameter Bias { get; }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters => [Gain, Bias];

    /// <summary>[..., width] to the same shape.</summary>
    public Tensor Forward(Tape tape, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(tape);
        return tape.LayerNorm(x, tape.Use(Gain), tape.Use(Bias));
    }
}
