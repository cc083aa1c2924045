using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Layers;

/// <summary>A table of vectors, one for each value of a categorical field. Its gradient touches only the rows looked up.</summary>
public sealed class Embedding : IModule
{
    /// <summary>A table with normal initial values.</summary>
    /// <param name="name">Name of the parameter: <c>name.weight</c>.</param>
    /// <param name="rows">Number of distinct values.</param>
    /// <param name="width">Length of a vector.</param>
    /// <param name="random">Source of the initial values.</param>
    /// <param name="deviation">Standard deviation of the initial values.</param>
    public Embedding(string name, int rows, int width, SeededRandom random, double deviation = 0.05) =>
        Table = new Parameter($"{name}.weight", Initialization.Normal(new Shape(rows, width), deviation, random), sparse: true);

    /// <summary>[rows, width].</summary>
    public Parameter Table { get; }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters => [Table];

    /// <summary>The vectors of <paramref name="rows"/>: their shape with the width as a further axis; zeros for a negative row.</summary>
    /// <inheritdoc cref="LookupOps.Lookup(Tape, Tensor, ReadOnlySpan{int}, Shape)"/>
    public Tensor Forward(Tape tape, ReadOnlySpan<int> rows, Shape shape)
    {
        ArgumentNullException.ThrowIfNull(tape);
        return tape.Lookup(tape.Use(Table), rows, shape);
    }

    /// <summary>The vectors of <paramref name="rows"/>: [n, width]; zeros for a negative row.</summary>
    /// <inheritdoc cref="LookupOps.Lookup(Tape, Tensor, ReadOnlySpan{int}, Shape)"/>
    public Tensor Forward(Tape tape, ReadOnlySpan<int> rows) => Forward(tape, rows, new Shape(rows.Length));
}
