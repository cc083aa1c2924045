using RecallCluster.Learning.Autograd;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Layers;

/// <summary>Fully connected layers with a PReLU between them, none after the last.</summary>
public sealed class Mlp : IModule
{
    private readonly Linear[] _layers;
    private readonly PRelu[] _activations;

    /// <summary>A perceptron with the given widths.</summary>
    /// <param name="name">
    /// Prefix of the parameters: <c>name.0.weight</c>, <c>name.0.bias</c>, <c>name.0.slope</c>, <c>name.1.weight</c>, ...
    /// </param>
    /// <param name="widths">Width of the input, of each hidden layer, and of the output; at least two.</param>
    /// <param name="random">Source of the initial values.</param>
    /// <exception cref="ArgumentException">There are fewer than two widths.</exception>
    public Mlp(string name, ReadOnlySpan<int> widths, SeededRandom random)
    {
        if (widths.Length < 2)
            throw new ArgumentException("A perceptron wants at least the widths of its input and its output.", nameof(widths));
        _layers = new Linear[widths.Length - 1];
        _activations = new PRelu[widths.Length - 2];
        for (int i = 0; i < _layers.Length; i++)
        {
            bool hidden = i < _activations.Length;
            _layers[i] = new Linear($"{name}.{i}", widths[i], widths[i + 1], random, forRelu: hidden);
            if (hidden)
                _activations[i] = new PRelu($"{name}.{i}", widths[i + 1]);
        }
    }

    /// <summary>The linear layers, first to last.</summary>
    public IReadOnlyList<Linear> Layers => _layers;

    /// <summary>The activation behind each layer but the last.</summary>
    public IReadOnlyList<PRelu> Activations => _activations;

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters
    {
        get
        {
            for (int i = 0; i < _layers.Length; i++)
            {
                foreach (Parameter parameter in _layers[i].Parameters)
                    yield return parameter;
                if (i < _activations.Length)
                    yield return _activations[i].Slope;
            }
        }
    }

    /// <summary>[..., first width] to [..., last width].</summary>
    public Tensor Forward(Tape tape, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(tape);
        for (int i = 0; i < _layers.Length; i++)
        {
            Linear layer = _layers[i];
            x = i < _activations.Length
                ? tape.LinearPRelu(x, tape.Use(layer.Weight), tape.Use(layer.Bias!), tape.Use(_activations[i].Slope))
                : layer.Forward(tape, x);
        }
        return x;
    }
}
