using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Files;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Optimizers;

/// <summary>
/// Adam (Kingma &amp; Ba, 2015, arXiv 1412.6980) with decoupled weight decay (AdamW; Loshchilov &amp; Hutter, 2019, arXiv 1711.05101). For
/// sparse parameters it is the lazy form: only rows with a gradient are updated, and the moments of the others do not decay.
/// </summary>
public sealed class Adam
{
    private readonly AdamOptions _options;
    private readonly WorkerTeam? _team;
    private readonly List<State> _states = [];

    /// <summary>An optimiser of <paramref name="parameters"/>, whose moments start at zero.</summary>
    /// <param name="parameters">What to train.</param>
    /// <param name="options">Settings.</param>
    /// <param name="team">Threads for large parameters.</param>
    /// <exception cref="ArgumentException">Two parameters have the same name.</exception>
    public Adam(IEnumerable<Parameter> parameters, AdamOptions options, WorkerTeam? team = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        var names = new HashSet<string>();
        foreach (Parameter parameter in parameters)
        {
            if (!names.Add(parameter.Name))
                throw new ArgumentException($"Two parameters are named '{parameter.Name}'.", nameof(parameters));
            _states.Add(new State(parameter));
        }
        _options = options;
        _team = team;
    }

    /// <summary>Number of steps taken.</summary>
    public long Steps { get; private set; }

    /// <summary>Updates all parameters that have a gradient, and clears the gradients.</summary>
    /// <returns>The joint norm of the gradients before clipping.</returns>
    /// <exception cref="ArithmeticException">A gradient is not finite; nothing was updated.</exception>
    public double Step()
    {
        double norm = GradientClipping.GlobalNorm(_states.Select(state => state.Parameter));
        if (!double.IsFinite(norm))
            throw new ArithmeticException($"At step {Steps + 1} the gradient of '{FirstNotFinite()}' is not finite.");
        Steps++;
        float clip = _options.MaxGradientNorm > 0 && norm > _options.MaxGradientNorm ? (float)(_options.MaxGradientNorm / norm) : 1;
        AdamKernel kernel = Kernel(clip);
        foreach (State state in _states)
        {
            if (state.Parameter.Gradient.IsEmpty)
                continue;
            Update(state, kernel);
            state.Parameter.Gradient.Clear();
        }
        return norm;
    }

    /// <summary>Forgets the gradients of all parameters, where a loss of other parameters was only passed on through them.</summary>
    public void ClearGradients()
    {
        foreach (State state in _states)
            state.Parameter.Gradient.Clear();
    }

    /// <summary>
    /// Adds the number of steps and the moments to a file, under names that begin with <paramref name="name"/>: with the parameters' values
    /// they are all that is needed to go on as though training had not been broken off.
    /// </summary>
    /// <exception cref="ArgumentException">The file has tensors of these names already.</exception>
    public void Save(SafeTensorsWriter writer, string name)
    {
        ArgumentNullException.ThrowIfNull(writer);
        foreach (State state in _states)
        {
            Shape shape = state.Parameter.Value.Shape;
            writer.Add($"{name}.mean.{state.Parameter.Name}", Tensor.From(state.Mean ?? new float[state.Parameter.Value.Length], shape));
            writer.Add($"{name}.square.{state.Parameter.Name}",
                Tensor.From(state.Square ?? new float[state.Parameter.Value.Length], shape));
        }
        writer.Add($"{name}.steps", new[] { Steps }, 1);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file does not hold the moments of these parameters.</exception>
    public void Load(SafeTensorsFile file, string name)
    {
        ArgumentNullException.ThrowIfNull(file);
        foreach (State state in _states)
        {
            state.Mean ??= new float[state.Parameter.Value.Length];
            state.Square ??= new float[state.Parameter.Value.Length];
            file.Read($"{name}.mean.{state.Parameter.Name}", state.Mean);
            file.Read($"{name}.square.{state.Parameter.Name}", state.Square);
        }
        long[] steps = file.ReadIntegers($"{name}.steps");
        if (steps.Length != 1 || steps[0] < 0)
            throw new InvalidDataException($"{file.Path}: tensor '{name}.steps' is not one number of steps.");
        Steps = steps[0];
    }

    private AdamKernel Kernel(float clip)
    {
        float rate = _options.Rate.At(Steps);
        double correction1 = 1 - Math.Pow(_options.Beta1, Steps);
        double correction2 = 1 - Math.Pow(_options.Beta2, Steps);
        return new AdamKernel(_options.Beta1, _options.Beta2, _options.Epsilon,
            stepSize: (float)(rate / correction1), rootCorrection: (float)(1 / Math.Sqrt(correction2)),
            keep: 1 - (rate * _options.WeightDecay), clip);
    }

    private void Update(State state, AdamKernel kernel)
    {
        Parameter parameter = state.Parameter;
        int length = parameter.Value.Length;
        state.Mean ??= new float[length];
        state.Square ??= new float[length];
        bool sparse = parameter.Gradient is SparseGradient;
        int width = sparse ? parameter.Value.Shape.Width : 1;
        int count = parameter.Gradient.Values.Length / width;
        int parts = (long)count * width < 1 << 15 || _team == null ? 1 : _team.Size;
        if (parts == 1)
            Range(0, count);
        else
            _team!.Run(parts, part =>
            {
                (int start, int end) = WorkerTeam.Slice(count, part, parts, VectorLoop.Lanes);
                Range(start, end);
            });

        void Range(int start, int end)
        {
            ReadOnlySpan<float> gradient = parameter.Gradient.Values;
            Span<float> value = parameter.Value.Values;
            if (parameter.Gradient is not SparseGradient rows)
            {
                int n = end - start;
                kernel.Apply(gradient.Slice(start, n), state.Mean.AsSpan(start, n), state.Square.AsSpan(start, n), value.Slice(start, n));
                return;
            }
            for (int i = start; i < end; i++)
            {
                int at = rows.Rows[i] * width;
                Span<float> mean = state.Mean.AsSpan(at, width), square = state.Square.AsSpan(at, width);
                kernel.Apply(gradient.Slice(i * width, width), mean, square, value.Slice(at, width));
            }
        }
    }

    private string FirstNotFinite() =>
        _states.First(state => !double.IsFinite(state.Parameter.Gradient.SquaredNorm())).Parameter.Name;

    private sealed class State(Parameter parameter)
    {
        public Parameter Parameter { get; } = parameter;

        public float[]? Mean { get; set; }

        public float[]? Square { get; set; }
    }
}
