using System.Numerics.Tensors;

namespace RecallCluster.Learning.Autograd;

/// <summary>
/// The gradient that a <see cref="Parameter"/> gathers between two optimiser steps: dense, or only the rows that were touched. Not
/// thread-safe.
/// </summary>
public abstract class Gradient
{
    /// <summary>Whether nothing was added since the last <see cref="Clear"/>: an optimiser skips the parameter.</summary>
    public abstract bool IsEmpty { get; }

    /// <summary>The values held, row after row for a sparse gradient, in its own order of rows.</summary>
    public abstract Span<float> Values { get; }

    /// <summary>Forgets everything that was added; keeps its memory.</summary>
    public abstract void Clear();

    /// <summary>Sum of squares of all values.</summary>
    public double SquaredNorm() => IsEmpty ? 0 : SumOfSquares(Values);

    /// <summary>Multiplies all values by <paramref name="factor"/>.</summary>
    public void Scale(float factor)
    {
        if (!IsEmpty)
            TensorPrimitives.Multiply(Values, factor, Values);
    }

    /// <summary>Adds <paramref name="factor"/> times a gradient of the whole parameter, row-major.</summary>
    internal abstract void Add(ReadOnlySpan<float> whole, float factor);

    /// <summary>
    /// Adds one row of <paramref name="values"/> for each of <paramref name="rows"/>; a row may come several times, a negative one is
    /// skipped.
    /// </summary>
    internal abstract void AddRows(ReadOnlySpan<int> rows, ReadOnlySpan<float> values, float factor);

    /// <summary>Adds <paramref name="factor"/> times <paramref name="other"/>, a gradient of the same parameter and kind.</summary>
    internal abstract void Add(Gradient other, float factor);

    // In blocks with a double total: a sum of 64 million squares in one float would stop growing.
    private static double SumOfSquares(ReadOnlySpan<float> values)
    {
        const int Block = 4096;
        double total = 0;
        while (!values.IsEmpty)
        {
            int length = Math.Min(Block, values.Length);
            total += TensorPrimitives.SumOfSquares(values[..length]);
            values = values[length..];
        }
        return total;
    }
}
