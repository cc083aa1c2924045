namespace RecallCluster.Learning.Autograd;

/// <summary>A tensor that training changes: its name, its value, and the gradient gathered since the last optimiser step.</summary>
public sealed class Parameter
{
    /// <summary>A parameter that owns <paramref name="value"/>.</summary>
    /// <param name="name">Unique within a model; the key under which the value is saved.</param>
    /// <param name="value">Initial value, a tensor outside any tape.</param>
    /// <param name="sparse">Keep gradients of touched rows only: for embedding tables.</param>
    /// <exception cref="ArgumentException">The name is empty, or the tensor belongs to a tape.</exception>
    public Parameter(string name, Tensor value, bool sparse = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);
        if (value.Tape != null)
            throw new ArgumentException(
                $"The value of parameter '{name}' belongs to a tape and would vanish when it is reset.", nameof(value));
        Name = name;
        Value = value;
        IsSparse = sparse;
        Gradient = NewGradient();
    }

    /// <summary>Unique within a model; the key under which the value is saved.</summary>
    public string Name { get; }

    /// <summary>The current value.</summary>
    public Tensor Value { get; }

    /// <summary>Whether only touched rows carry gradients.</summary>
    public bool IsSparse { get; }

    /// <summary>Whether a tape gathers gradients for it; a frozen parameter takes part as a constant.</summary>
    public bool Trainable { get; set; } = true;

    /// <summary>What <see cref="Tape.Backward(Tensor)"/> added since the last clearing.</summary>
    public Gradient Gradient { get; }

    /// <summary>Name and shape.</summary>
    public override string ToString() => $"{Name} {Value.Shape}";

    internal Gradient NewGradient() =>
        IsSparse ? new SparseGradient(Value.Shape.Rows, Value.Shape.Width) : new DenseGradient(Value.Shape.Rows, Value.Shape.Width);
}
