using System.Numerics.Tensors;

namespace RecallCluster.Learning.Autograd;

/// <summary>Passes the gradient of an operation's output on to its inputs.</summary>
internal delegate void BackwardFunction(GradientSink sink, Tensor output, Tensor gradient);

/// <summary>
/// Gathers the gradients of a tape's nodes during one backward pass. Contributions are summed in place unless the pass itself is
/// recorded (second-order gradients), where a sum is an operation like any other.
/// </summary>
internal sealed class GradientSink(Tape tape)
{
    private Tensor?[] _gradients = [];
    private bool[] _needed = [];
    private bool[] _kept = [];
    private int _count;
    private bool _createGraph;

    /// <summary>Where gradients of sparse parameters go; null when they are wanted as dense tensors.</summary>
    private Func<Parameter, Gradient>? _parameterGradients;

    /// <summary>Starts a pass over the first <paramref name="count"/> nodes.</summary>
    public void Begin(int count, bool createGraph, Func<Parameter, Gradient>? parameterGradients)
    {
        if (_gradients.Length < count)
        {
            _gradients = new Tensor?[count * 2];
            _needed = new bool[count * 2];
            _kept = new bool[count * 2];
        }
        Array.Clear(_gradients, 0, count);
        Array.Clear(_needed, 0, count);
        Array.Clear(_kept, 0, count);
        _count = count;
        _createGraph = createGraph;
        _parameterGradients = parameterGradients;
    }

    /// <summary>Ends the pass: drops references to tensors.</summary>
    public void End()
    {
        Array.Clear(_gradients, 0, _count);
        _parameterGradients = null;
    }

    /// <summary>Marks a node as one that a wanted gradient flows to or through.</summary>
    public void Mark(int node) => _needed[node] = true;

    /// <summary>Asks for the gradient of <paramref name="node"/> itself: it is not given back.</summary>
    public void Keep(int node)
    {
        _needed[node] = true;
        _kept[node] = true;
    }

    public bool IsMarked(int node) => _needed[node];

    /// <summary>Whether the gradient of <paramref name="input"/> is wanted; if not, it need not be computed.</summary>
    public bool Needs(Tensor input) => input.Node >= 0 && _needed[input.Node];

    public Tensor? Get(int node) => _gradients[node];

    /// <summary>Adds a tensor that was computed for this purpose and that nobody else keeps.</summary>
    public void Add(Tensor input, Tensor contribution)
    {
        if (contribution.Shape != input.Shape)
            throw new InvalidOperationException(
                $"A gradient of shape {contribution.Shape} was computed for a tensor of shape {input.Shape}.");
        ref Tensor? slot = ref _gradients[input.Node];
        if (slot == null)
            slot = contribution;
        else if (_createGraph)
            slot = tape.Add(slot, contribution);
        else if (slot.Buffer.References == 1)
        {
            TensorPrimitives.Add(slot.Values, contribution.Values, slot.Values);
            tape.Release(contribution);
        }
        else
        {
            Tensor sum = tape.Add(slot, contribution);
            tape.Release(slot);
            tape.Release(contribution);
            slot = sum;
        }
    }

    /// <summary>Passes the output's gradient on unchanged, but for its shape.</summary>
    public void Pass(Tensor input, Tensor gradient)
    {
        if (!Needs(input))
            return;
        if (_createGraph)
            Add(input, gradient.Shape == input.Shape ? gradient : tape.Reshape(gradient, input.Shape));
        else
            Add(input, tape.Share(gradient, input.Shape));
    }

    /// <summary>Adds one row of <paramref name="gradient"/> to each of the table's <paramref name="rows"/>.</summary>
    public void AddRows(Tensor table, RowIndex rows, Tensor gradient)
    {
        if (!Needs(table))
            return;
        if (_createGraph)
        {
            Add(table, tape.ScatterRows(gradient, rows, table.Shape));
            return;
        }
        if (_parameterGradients != null && tape.ParameterOf(table) is { IsSparse: true } parameter)
        {
            _parameterGradients(parameter).AddRows(rows.Values, gradient.Values, 1);
            return;
        }
        Add(table, tape.ScatterRows(gradient, rows, table.Shape));
    }

    /// <summary>
    /// Adds <paramref name="factor"/> times gradients of parameters that were gathered elsewhere, if parameters' are wanted.
    /// </summary>
    public void AddParameterGradients(IReadOnlyDictionary<Parameter, Gradient> gradients, float factor)
    {
        if (_parameterGradients == null)
            return;
        foreach ((Parameter parameter, Gradient gradient) in gradients)
            _parameterGradients(parameter).Add(gradient, factor);
    }

    /// <summary>
    /// A tensor for the gradient of <paramref name="output"/>'s operand of the same shape, value by value: the output's own gradient where
    /// nobody else wants it (half the memory traffic), else a new one.
    /// </summary>
    public Tensor Reuse(Tensor output, Tensor gradient) =>
        _createGraph || _kept[output.Node] || gradient.Buffer.References != 1
            ? tape.Allocate(output.Shape)
            : tape.Share(gradient, output.Shape);

    /// <summary>Gives the gradient of a node back once it was passed on, unless it was asked for.</summary>
    public void Drop(int node)
    {
        if (_kept[node])
            return;
        Tensor gradient = _gradients[node]!;
        _gradients[node] = null;
        if (!_createGraph)
            tape.Release(gradient);
    }
}
