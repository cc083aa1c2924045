using System.Buffers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Autograd;

/// <summary>
/// A reverse-mode tape (Wengert list): operations, which are extension methods grouped by kind (<see cref="ElementwiseOps"/>,
/// <see cref="MatrixOps"/>, ...), compute at once and record how their gradient is passed back. One training step is
/// <code>
///   Tensor loss = ...tape.Linear(x, tape.Use(weight), tape.Use(bias))...;
///   tape.Backward(loss);      // adds to Parameter.Gradient
///   optimizer.Step();
///   tape.Reset();             // all tensors of the step go back to the pool
/// </code>
/// Not thread-safe; large operations use the <see cref="WorkerTeam"/> that was handed in.
/// </summary>
public sealed class Tape
{
    private readonly TensorArena _arena = new();
    private readonly List<TapeNode> _nodes = [];
    private readonly List<int> _parents = [];
    private readonly List<int[]> _indexArrays = [];
    private readonly Dictionary<Parameter, Tensor> _bound = new(ReferenceEqualityComparer.Instance);
    private readonly GradientSink _sink;
    private readonly Func<Parameter, Gradient> _gradientOf;
    private bool _inBackward;

    /// <summary>A tape whose large operations run on <paramref name="team"/>, or on the calling thread alone.</summary>
    public Tape(WorkerTeam? team = null)
        : this(team, static parameter => parameter.Gradient)
    {
    }

    /// <summary>A tape that gathers parameters' gradients elsewhere than in the parameters: for workers.</summary>
    internal Tape(WorkerTeam? team, Func<Parameter, Gradient> gradientOf)
    {
        Team = team;
        _gradientOf = gradientOf;
        _sink = new GradientSink(this);
    }

    /// <summary>The threads that large operations use, if any.</summary>
    public WorkerTeam? Team { get; }

    /// <summary>Whether operations are recorded; off, they only compute (inference).</summary>
    public bool Recording { get; private set; } = true;

    /// <summary>Bytes that the tape's pool holds: the largest step so far.</summary>
    public long ReservedBytes => _arena.ReservedBytes;

    /// <summary>Number of operations and leaves recorded since the last reset.</summary>
    public int NodeCount => _nodes.Count;

    /// <summary>Rises by one at every reset.</summary>
    internal int Generation { get; private set; }

    /// <summary>Stops recording until the returned handle is disposed.</summary>
    public RecordingPause Pause() => new(this);

    /// <summary>A copy of <paramref name="values"/> on the tape, without gradient.</summary>
    /// <exception cref="ArgumentException">There are not as many values as <paramref name="shape"/> wants.</exception>
    public Tensor Constant(ReadOnlySpan<float> values, Shape shape)
    {
        if (values.Length != shape.Length)
            throw new ArgumentException($"{values.Length} values cannot fill shape {shape}.", nameof(values));
        Tensor tensor = Allocate(shape);
        values.CopyTo(tensor.Values);
        return tensor;
    }

    /// <summary>A tensor filled with <paramref name="value"/>, without gradient.</summary>
    public Tensor Full(Shape shape, float value)
    {
        Tensor tensor = Allocate(shape);
        tensor.Values.Fill(value);
        return tensor;
    }

    /// <summary>The value of <paramref name="source"/> as a leaf: gradients stop here and can be asked for.</summary>
    public Tensor Variable(Tensor source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return AddNode(source.Buffer, source.Shape, [], null, null);
    }

    /// <summary>The value of <paramref name="source"/> as a constant: no gradient flows back through it.</summary>
    public Tensor StopGradient(Tensor source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.RequiresGradient ? new Tensor(source.Buffer, source.Shape, this) : source;
    }

    /// <summary>The parameter's value on this tape: a leaf, or what <see cref="Bind"/> put in its place.</summary>
    public Tensor Use(Parameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        if (_bound.TryGetValue(parameter, out Tensor? tensor))
            return tensor;
        if (!Recording || !parameter.Trainable)
            return parameter.Value;
        tensor = AddNode(parameter.Value.Buffer, parameter.Value.Shape, [], null, parameter);
        _bound[parameter] = tensor;
        return tensor;
    }

    /// <summary>
    /// Lets <see cref="Use"/> return <paramref name="value"/> for <paramref name="parameter"/> until the next reset: a layer then computes
    /// with adapted weights (the inner loop of MAML).
    /// </summary>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public void Bind(Parameter parameter, Tensor value)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentNullException.ThrowIfNull(value);
        if (value.Shape != parameter.Value.Shape)
            throw new ArgumentException($"A value of shape {value.Shape} cannot stand for parameter {parameter}.", nameof(value));
        _bound[parameter] = value;
    }

    /// <summary>Adds the gradient of <paramref name="loss"/> with respect to every parameter used to the parameter's gradient.</summary>
    /// <exception cref="ArgumentException">The loss is not a single value, or no gradient flows to it.</exception>
    public void Backward(Tensor loss) => Backward(loss, [], []);

    /// <summary>
    /// Does the same, and hands out the gradients of <paramref name="leaves"/> in <paramref name="results"/>, null where the loss does not
    /// depend on one.
    /// </summary>
    internal void Backward(Tensor loss, ReadOnlySpan<Tensor> leaves, Span<Tensor?> results)
    {
        ArgumentNullException.ThrowIfNull(loss);
        CheckOutput(loss, seed: null);
        _sink.Begin(_nodes.Count, createGraph: false, _gradientOf);
        for (int node = 0; node <= loss.Node; node++)
            _sink.Mark(node);
        using (Pause())
        {
            Sweep(loss, Full(loss.Shape, 1));
            for (int node = 0; node <= loss.Node; node++)
                if (_nodes[node].Parameter is { } parameter && _sink.Get(node) is { } gradient)
                {
                    _gradientOf(parameter).Add(gradient.Values, 1);
                    _sink.Drop(node);
                }
        }
        for (int i = 0; i < leaves.Length; i++)
            results[i] = leaves[i].Node < 0 ? null : _sink.Get(leaves[i].Node);
        _sink.End();
    }

    /// <summary>
    /// The gradients of <paramref name="output"/> with respect to <paramref name="inputs"/>, leaves or intermediate results.
    /// </summary>
    /// <param name="output">What is differentiated: one value, or any shape with a <paramref name="seed"/>.</param>
    /// <param name="inputs">Tensors of this tape through which the gradient flows.</param>
    /// <param name="createGraph">Record the backward pass itself, so that its results can be differentiated again.</param>
    /// <param name="seed">Gradient of some final value with respect to <paramref name="output"/>; ones when left out.</param>
    /// <returns>A tensor for each input, of its shape; zeros where the output does not depend on it.</returns>
    /// <exception cref="ArgumentException">
    /// The output is not a single value and there is no seed, or an input carries no gradient.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// <paramref name="createGraph"/>, and an operation on the way has no second-order gradient.
    /// </exception>
    public Tensor[] Gradients(Tensor output, ReadOnlySpan<Tensor> inputs, bool createGraph = false, Tensor? seed = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        CheckOutput(output, seed);
        _sink.Begin(_nodes.Count, createGraph, parameterGradients: null);
        foreach (Tensor input in inputs)
        {
            if (input.Tape != this || input.Node < 0)
                throw new ArgumentException(
                    "A gradient was asked for with respect to a tensor that carries none on this tape.", nameof(inputs));
            _sink.Keep(input.Node);
        }
        MarkDependents(output.Node);
        bool recorded = Recording;
        Recording = createGraph;
        try
        {
            if (_sink.IsMarked(output.Node))
                Sweep(output, seed == null ? Full(output.Shape, 1) : createGraph ? seed : Constant(seed.Values, seed.Shape));
            var results = new Tensor[inputs.Length];
            for (int i = 0; i < results.Length; i++)
                results[i] = _sink.Get(inputs[i].Node) ?? Full(inputs[i].Shape, 0);
            return results;
        }
        finally
        {
            Recording = recorded;
            _sink.End();
        }
    }

    /// <summary>Forgets all operations; every tensor made by this tape becomes invalid and its memory is used again.</summary>
    public void Reset()
    {
        _nodes.Clear();
        _parents.Clear();
        _bound.Clear();
        foreach (int[] array in _indexArrays)
            ArrayPool<int>.Shared.Return(array);
        _indexArrays.Clear();
        _arena.Reset();
        Generation++;
    }

    /// <summary>A tensor of undefined contents, without gradient: what an operation computes into.</summary>
    internal Tensor Allocate(Shape shape) => new(_arena.Rent(shape.Length), shape, this);

    /// <summary>Whether an operation over these inputs has to be recorded.</summary>
    internal bool Records(Tensor a) => Recording && a.RequiresGradient;

    internal bool Records(Tensor a, Tensor b) => Recording && (a.RequiresGradient || b.RequiresGradient);

    internal bool Records(Tensor a, Tensor b, Tensor c) => Recording && (a.RequiresGradient || b.RequiresGradient || c.RequiresGradient);

    /// <summary>The computed <paramref name="output"/> as a node whose gradient <paramref name="backward"/> passes on.</summary>
    internal Tensor Record(Tensor output, ReadOnlySpan<Tensor> inputs, BackwardFunction backward) =>
        AddNode(output.Buffer, output.Shape, inputs, backward, null);

    /// <summary>Keeps a copy of row numbers until the reset.</summary>
    internal RowIndex Keep(ReadOnlySpan<int> rows)
    {
        int[] array = ArrayPool<int>.Shared.Rent(rows.Length);
        rows.CopyTo(array);
        _indexArrays.Add(array);
        return new RowIndex(array, rows.Length);
    }

    /// <summary>Another tensor over the same storage, which counts as one more user of it.</summary>
    internal Tensor Share(Tensor tensor, Shape shape)
    {
        tensor.Buffer.References++;
        return new Tensor(tensor.Buffer, shape, this);
    }

    /// <summary>Gives up a temporary of a pass that is not recorded.</summary>
    internal void Release(Tensor tensor) => _arena.Release(tensor.Buffer);

    internal Parameter? ParameterOf(Tensor leaf) => _nodes[leaf.Node].Parameter;

    /// <summary>Runs <paramref name="body"/> over [0, <paramref name="length"/>), split over the team when there is enough to do.</summary>
    /// <param name="length">Number of independent items.</param>
    /// <param name="cost">Work in one item, in values touched.</param>
    /// <param name="body">Takes the start and the end of a range.</param>
    internal void ForRange(int length, int cost, Action<int, int> body)
    {
        int parts = PartsFor(length, cost);
        if (parts == 1)
        {
            body(0, length);
            return;
        }
        Team!.Run(parts, part =>
        {
            (int start, int end) = WorkerTeam.Slice(length, part, parts);
            body(start, end);
        });
    }

    /// <summary>How many threads are worth having for this much work.</summary>
    internal int PartsFor(int length, int cost)
    {
        const long Worthwhile = 1 << 16;
        return Team == null || (long)length * cost < Worthwhile ? 1 : Math.Clamp(length, 1, Team.Size);
    }

    /// <summary>Runs numbered parts, on the team where there is more than one.</summary>
    internal void ForParts(int parts, Action<int> body)
    {
        if (parts == 1)
            body(0);
        else
            Team!.Run(parts, body);
    }

    /// <summary>Refuses a second-order gradient through an operation that has none.</summary>
    internal void RequireFirstOrder(string operation)
    {
        if (Recording)
            throw new NotSupportedException(
                $"{operation} has no second-order gradient; compose it of elementary operations where one is needed.");
    }

    private Tensor AddNode(TensorBuffer buffer, Shape shape, ReadOnlySpan<Tensor> inputs, BackwardFunction? backward, Parameter? parameter)
    {
        int start = _parents.Count;
        foreach (Tensor input in inputs)
        {
            if (input.Node < 0)
                continue;
            if (input.Tape != this)
                throw new ArgumentException($"An input of shape {input.Shape} was recorded on another tape.");
            _parents.Add(input.Node);
        }
        var output = new Tensor(buffer, shape, this, _nodes.Count);
        _nodes.Add(new TapeNode(output, backward, parameter, start, _parents.Count - start));
        return output;
    }

    private void CheckOutput(Tensor output, Tensor? seed)
    {
        if (_inBackward)
            throw new InvalidOperationException("A backward pass of this tape is in progress.");
        if (output.Tape != this || output.Node < 0)
            throw new ArgumentException("What is to be differentiated carries no gradient on this tape.", nameof(output));
        if (seed == null && output.Length != 1)
            throw new ArgumentException(
                $"Only a single value can be differentiated without a seed; its shape is {output.Shape}.", nameof(output));
        if (seed != null && seed.Shape != output.Shape)
            throw new ArgumentException($"A seed of shape {seed.Shape} does not fit an output of shape {output.Shape}.", nameof(seed));
    }

    private void MarkDependents(int last)
    {
        for (int node = 0; node <= last; node++)
        {
            TapeNode entry = _nodes[node];
            for (int i = 0; i < entry.ParentCount && !_sink.IsMarked(node); i++)
                if (_sink.IsMarked(_parents[entry.ParentStart + i]))
                    _sink.Mark(node);
        }
    }

    private void Sweep(Tensor output, Tensor seed)
    {
        _inBackward = true;
        try
        {
            _sink.Add(output, seed);
            for (int node = output.Node; node >= 0; node--)
            {
                TapeNode entry = _nodes[node];
                if (entry.Backward == null || _sink.Get(node) is not { } gradient)
                    continue;
                entry.Backward(_sink, entry.Output, gradient);
                _sink.Drop(node);
            }
        }
        finally
        {
            _inBackward = false;
        }
    }

    /// <summary>Resumes recording when disposed.</summary>
    public readonly struct RecordingPause : IDisposable
    {
        private readonly Tape _tape;
        private readonly bool _before;

        internal RecordingPause(Tape tape)
        {
            _tape = tape;
            _before = tape.Recording;
            tape.Recording = false;
        }

        /// <inheritdoc/>
        public void Dispose() => _tape.Recording = _before;
    }

    private readonly record struct TapeNode(
        Tensor Output, BackwardFunction? Backward, Parameter? Parameter, int ParentStart, int ParentCount);
}
