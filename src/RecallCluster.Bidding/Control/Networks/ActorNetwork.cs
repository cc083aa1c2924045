using System.Numerics.Tensors;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Files;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Bidding.Control.Networks;

/// <summary>
/// A small multilayer perceptron (PReLU between its layers) ready for use at run time: plain arrays, no allocation per call. Immutable, so
/// that many controllers share one.
/// </summary>
public sealed class ActorNetwork
{
    /// <summary>The widest layer that is allowed.</summary>
    public const int MaxWidth = 256;

    private readonly int[] _widths;
    private readonly float[][] _weights, _biases, _slopes;

    private ActorNetwork(int[] widths, float[][] weights, float[][] biases, float[][] slopes) =>
        (_widths, _weights, _biases, _slopes) = (widths, weights, biases, slopes);

    /// <summary>Number of inputs.</summary>
    public int Inputs => _widths[0];

    /// <summary>Number of outputs.</summary>
    public int Outputs => _widths[^1];

    /// <summary>Widths of all layers, input and output included.</summary>
    public IReadOnlyList<int> Widths => _widths;

    /// <summary>The network that a trained perceptron is.</summary>
    internal static ActorNetwork Of(Mlp mlp) => new(
        [mlp.Layers[0].Weight.Value.Shape[1], .. mlp.Layers.Select(layer => layer.Weight.Value.Shape[0])],
        [.. mlp.Layers.Select(layer => layer.Weight.Value.Values.ToArray())],
        [.. mlp.Layers.Select(layer => layer.Bias!.Value.Values.ToArray())],
        [.. mlp.Activations.Select(activation => activation.Slope.Value.Values.ToArray())]);

    /// <summary>Computes the outputs.</summary>
    /// <exception cref="ArgumentException">A span has the wrong length.</exception>
    public void Forward(ReadOnlySpan<float> inputs, Span<float> outputs)
    {
        if (inputs.Length != Inputs || outputs.Length != Outputs)
            throw new ArgumentException(
                $"The network takes {Inputs} inputs and gives {Outputs} outputs, not {inputs.Length} and {outputs.Length}.",
                nameof(inputs));
        Span<float> first = stackalloc float[MaxWidth], second = stackalloc float[MaxWidth];
        scoped ReadOnlySpan<float> x = inputs;
        scoped Span<float> y;
        for (int layer = 0; layer < _weights.Length; layer++)
        {
            bool last = layer == _weights.Length - 1;
            y = last ? outputs : (layer % 2 == 0 ? first : second)[.._widths[layer + 1]];
            ReadOnlySpan<float> weights = _weights[layer];
            for (int i = 0; i < y.Length; i++)
            {
                float sum = _biases[layer][i] + TensorPrimitives.Dot(weights.Slice(i * x.Length, x.Length), x);
                y[i] = last || sum > 0 ? sum : _slopes[layer][i] * sum;
            }
            x = y;
        }
    }

    /// <summary>Adds the network's tensors to a file.</summary>
    public void Save(SafeTensorsWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        for (int layer = 0; layer < _weights.Length; layer++)
        {
            writer.Add($"actor.{layer}.weight", Tensor.From(_weights[layer], new Shape(_widths[layer + 1], _widths[layer])));
            writer.Add($"actor.{layer}.bias", Tensor.From(_biases[layer], new Shape(_widths[layer + 1])));
            if (layer < _slopes.Length)
                writer.Add($"actor.{layer}.slope", Tensor.From(_slopes[layer], new Shape(_widths[layer + 1])));
        }
    }

    /// <summary>Reads a network of the given widths.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, of another size, or holds a number that is not finite.</exception>
    public static ActorNetwork Load(SafeTensorsFile file, IReadOnlyList<int> widths)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(widths);
        if (widths.Count < 2 || widths.Any(width => width is < 1 or > MaxWidth))
            throw new InvalidDataException($"{file.Path}: widths {string.Join(", ", widths)} are no network; each is 1 to {MaxWidth}.");
        float[] Read(string name, int length)
        {
            if (!file.Entries.ContainsKey(name))
                throw new InvalidDataException($"{file.Path}: there is no tensor '{name}'.");
            float[] values = file.ReadSingles(name);
            if (values.Length != length || !values.All(float.IsFinite))
                throw new InvalidDataException($"{file.Path}: tensor '{name}' is not {length} finite numbers.");
            return values;
        }
        int layers = widths.Count - 1;
        return new ActorNetwork(
            [.. widths],
            [.. Enumerable.Range(0, layers).Select(layer => Read($"actor.{layer}.weight", widths[layer] * widths[layer + 1]))],
            [.. Enumerable.Range(0, layers).Select(layer => Read($"actor.{layer}.bias", widths[layer + 1]))],
            [.. Enumerable.Range(0, layers - 1).Select(layer => Read($"actor.{layer}.slope", widths[layer + 1]))]);
    }

    /// <summary>Copies values from one perceptron to another of the same shape: <c>to = (1 - rate) to + rate from</c>.</summary>
    internal static void Blend(Mlp from, Mlp to, float rate)
    {
        foreach ((Parameter source, Parameter target) in from.Parameters.Zip(to.Parameters))
        {
            Span<float> values = target.Value.Values;
            ReadOnlySpan<float> wanted = source.Value.Values;
            for (int i = 0; i < values.Length; i++)
                values[i] += rate * (wanted[i] - values[i]);
        }
    }
}
