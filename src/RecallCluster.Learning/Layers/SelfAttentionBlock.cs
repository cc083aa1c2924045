using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Layers;

/// <summary>Where a transformer block normalises.</summary>
public enum NormPlacement
{
    /// <summary>After each residual sum, as in the original transformer.</summary>
    Post,

    /// <summary>Before attention and before the feed-forward part, which trains more stably when deep.</summary>
    Pre,
}

/// <summary>
/// A transformer block (Vaswani et al., 2017, arXiv 1706.03762): multi-head softmax self-attention and a two-layer ReLU feed-forward part,
/// each with a residual connection and layer normalisation. First-order gradients only.
/// </summary>
public sealed class SelfAttentionBlock : IModule
{
    private readonly NormPlacement _placement;
    private readonly int _heads;
    private readonly Linear _query, _key, _value, _output, _expand, _contract;
    private readonly LayerNorm _attentionNorm, _forwardNorm;

    /// <summary>A block over vectors of <paramref name="width"/> values.</summary>
    /// <param name="name">
    /// Prefix of the parameters: <c>query</c>, <c>key</c>, <c>value</c>, <c>output</c>, <c>expand</c>, <c>contract</c>,
    /// <c>attention_norm</c>, <c>forward_norm</c>, each with weight and bias.
    /// </param>
    /// <param name="width">Values in a vector.</param>
    /// <param name="heads">Number of attention heads; must divide the width.</param>
    /// <param name="hidden">Width of the feed-forward part's inner layer.</param>
    /// <param name="random">Source of the initial values.</param>
    /// <param name="placement">Where to normalise.</param>
    /// <exception cref="ArgumentException">The number of heads does not divide the width.</exception>
    public SelfAttentionBlock(
        string name, int width, int heads, int hidden, SeededRandom random, NormPlacement placement = NormPlacement.Post)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(heads);
        if (width % heads != 0)
            throw new ArgumentException($"{heads} heads cannot share vectors of {width} values evenly.", nameof(heads));
        _heads = heads;
        _placement = placement;
        _query = new Linear($"{name}.query", width, width, random);
        _key = new Linear($"{name}.key", width, width, random);
        _value = new Linear($"{name}.value", width, width, random);
        _output = new Linear($"{name}.output", width, width, random);
        _expand = new Linear($"{name}.expand", width, hidden, random, forRelu: true);
        _contract = new Linear($"{name}.contract", hidden, width, random);
        _attentionNorm = new LayerNorm($"{name}.attention_norm", width);
        _forwardNorm = new LayerNorm($"{name}.forward_norm", width);
    }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters
    {
        get
        {
            IModule[] parts = [_query, _key, _value, _output, _expand, _contract, _attentionNorm, _forwardNorm];
            return parts.SelectMany(part => part.Parameters);
        }
    }

    /// <summary>Vectors that have looked at each other.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[batch, places, width].</param>
    /// <param name="lengths">[batch]: places filled in each entry, the others being ignored as keys; empty when all are.</param>
    /// <returns>[batch, places, width].</returns>
    /// <exception cref="ArgumentException">The shape or the number of lengths does not fit.</exception>
    public Tensor Forward(Tape tape, Tensor x, ReadOnlySpan<int> lengths = default)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(x);
        if (x.Shape.Rank != 3)
            throw new ArgumentException($"Self-attention wants [batch, places, width], not {x.Shape}.", nameof(x));
        if (_placement == NormPlacement.Pre)
        {
            x = tape.Add(x, Attend(tape, _attentionNorm.Forward(tape, x), lengths));
            return tape.Add(x, FeedForward(tape, _forwardNorm.Forward(tape, x)));
        }
        x = _attentionNorm.Forward(tape, tape.Add(x, Attend(tape, x, lengths)));
        return _forwardNorm.Forward(tape, tape.Add(x, FeedForward(tape, x)));
    }

    private Tensor Attend(Tape tape, Tensor x, ReadOnlySpan<int> lengths)
    {
        Tensor query = SplitHeads(tape, _query.Forward(tape, x));
        Tensor key = SplitHeads(tape, _key.Forward(tape, x));
        Tensor value = SplitHeads(tape, _value.Forward(tape, x));
        Tensor scores = tape.Scale(tape.MatMul(query, key, transposeB: true), 1 / MathF.Sqrt(query.Shape.Width));
        Tensor weights = lengths.IsEmpty ? tape.Softmax(scores) : tape.MaskedSoftmax(scores, RepeatForHeads(lengths));
        return _output.Forward(tape, MergeHeads(tape, tape.MatMul(weights, value)));
    }

    private Tensor FeedForward(Tape tape, Tensor x) => _contract.Forward(tape, tape.Relu(_expand.Forward(tape, x)));

    // [batch, places, heads * part] to [batch * heads, places, part].
    private Tensor SplitHeads(Tape tape, Tensor x)
    {
        if (_heads == 1)
            return x;
        int batch = x.Shape[0], places = x.Shape[1], part = x.Shape[2] / _heads;
        Tensor swapped = tape.SwapMiddleAxes(tape.Reshape(x, new Shape(batch, places, _heads, part)));
        return tape.Reshape(swapped, new Shape(batch * _heads, places, part));
    }

    private Tensor MergeHeads(Tape tape, Tensor x)
    {
        if (_heads == 1)
            return x;
        int batch = x.Shape[0] / _heads, places = x.Shape[1], part = x.Shape[2];
        Tensor swapped = tape.SwapMiddleAxes(tape.Reshape(x, new Shape(batch, _heads, places, part)));
        return tape.Reshape(swapped, new Shape(batch, places, _heads * part));
    }

    private int[] RepeatForHeads(ReadOnlySpan<int> lengths)
    {
        var repeated = new int[lengths.Length * _heads];
        for (int i = 0; i < repeated.Length; i++)
            repeated[i] = lengths[i / _heads];
        return repeated;
    }
}
