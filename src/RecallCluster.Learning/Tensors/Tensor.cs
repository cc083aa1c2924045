using RecallCluster.Learning.Autograd;

namespace RecallCluster.Learning.Tensors;

/// <summary>
/// A dense row-major block of floats with a <see cref="Shape"/>. A tensor made by a <see cref="Tape"/> lives until the tape is reset;
/// one made by the factory methods here lives on its own. Reshapes share storage, so values are never to be changed in place once a tape
/// has seen them (optimisers do so between steps).
/// </summary>
public sealed class Tensor
{
    private readonly TensorBuffer _buffer;
    private readonly int _generation;

    internal Tensor(TensorBuffer buffer, Shape shape, Tape? tape = null, int node = -1)
    {
        _buffer = buffer;
        Shape = shape;
        Tape = tape;
        Node = node;
        _generation = tape?.Generation ?? 0;
    }

    /// <summary>The extents, outermost first.</summary>
    public Shape Shape { get; }

    /// <summary>Number of values.</summary>
    public int Length => Shape.Length;

    /// <summary>Whether a gradient flows back to (or through) this tensor.</summary>
    public bool RequiresGradient => Node >= 0;

    /// <summary>The values, row-major.</summary>
    /// <exception cref="ObjectDisposedException">The tape that made the tensor was reset.</exception>
    public Span<float> Values
    {
        get
        {
            ThrowIfStale();
            return _buffer.Span(Shape.Length);
        }
    }

    /// <summary>The tape that owns the storage or the node, if any.</summary>
    internal Tape? Tape { get; }

    /// <summary>Place on the tape; -1 when no gradient flows.</summary>
    internal int Node { get; }

    internal TensorBuffer Buffer
    {
        get
        {
            ThrowIfStale();
            return _buffer;
        }
    }

    /// <summary>A tensor of zeros outside any tape.</summary>
    public static Tensor Zeros(Shape shape)
    {
        var tensor = new Tensor(new TensorBuffer(shape.Length), shape);
        tensor.Values.Clear();
        return tensor;
    }

    /// <summary>A copy of <paramref name="values"/> outside any tape.</summary>
    /// <exception cref="ArgumentException">There are not as many values as <paramref name="shape"/> wants.</exception>
    public static Tensor From(ReadOnlySpan<float> values, Shape shape)
    {
        if (values.Length != shape.Length)
            throw new ArgumentException($"{values.Length} values cannot fill shape {shape}.", nameof(values));
        var tensor = new Tensor(new TensorBuffer(shape.Length), shape);
        values.CopyTo(tensor.Values);
        return tensor;
    }

    /// <summary>The only value of a tensor of length 1.</summary>
    /// <exception cref="InvalidOperationException">There is not exactly one value.</exception>
    public float Item() =>
        Length == 1 ? Values[0] : throw new InvalidOperationException($"A tensor of shape {Shape} is not a single value.");

    /// <summary>Shape and first values, for a debugger.</summary>
    public override string ToString() => $"Tensor {Shape}{(RequiresGradient ? " with gradient" : "")}";

    private void ThrowIfStale()
    {
        if (Tape != null && Tape.Generation != _generation)
            throw new ObjectDisposedException(nameof(Tensor), $"The tape that made this tensor of shape {Shape} was reset.");
    }
}
